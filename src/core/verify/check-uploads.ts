import { PAGE_ROWS, type VerifyRun } from './problem.ts'

/** Every upload has parts if and only if it has bytes, all of them its own. */
export async function* checkUploads(run: VerifyRun): AsyncGenerator<number> {
  let after = ''
  for (;;) {
    const uploads = await run.app.database.db
      .selectFrom('uploads')
      .select(['id', 'offset', 'parts'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE_ROWS)
      .execute()
    const last = uploads.at(-1)
    if (!last) return
    after = last.id
    for (const { id, offset, parts } of uploads) {
      const partIds: unknown = JSON.parse(parts)
      if (Array.isArray(partIds) && partIds.every((part) => isPartOf(id, part))) {
        if (partIds.length > 0 === offset > 0) continue
      }
      const detail = `it has ${offset} bytes in the parts ${parts.slice(0, 200)}`
      run.report({ kind: 'upload_parts', subject: `upload ${id}`, detail })
    }
    yield uploads.length
  }
}

function isPartOf(uploadId: string, partId: unknown): boolean {
  return typeof partId === 'string' && partId.startsWith(`${uploadId}-`)
}
