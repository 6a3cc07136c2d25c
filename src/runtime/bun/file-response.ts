import type { FileResponseOptions } from '../types.ts'

/**
 * Sends bytes [start, end) of a local file, from the kernel where it can. For GET only: answer HEAD
 * with the same headers and no body. Downloads are attachments unless the headers say otherwise:
 * what users uploaded is never shown as a page of ours (and Bun would tell the file's own name).
 * Bun itself answers a Range that comes with status 200 and a whole file.
 */
export function fileResponse(path: string, options: FileResponseOptions): Response {
  const { status, headers, start, end } = options
  const file = Bun.file(path).slice(start, end)
  return new Response(options.isRangeIgnored ? file.stream() : file, {
    status,
    headers: {
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment',
      ...headers,
      'content-length': String(end - start),
    },
  })
}
