import { createHash } from 'node:crypto'

/** One part of a form. */
export interface FormPart {
  readonly name: string
  readonly content: Uint8Array | string
  /** Both for what is a file. */
  readonly file?: string
  readonly type?: string
}

/** A whole form, ready to be sent. */
export interface Form {
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Bytes rather than a stream: their length is told, and they can be sent again. */
export function makeForm(parts: readonly FormPart[]): Form {
  const hash = createHash('sha256')
  for (const { content } of parts) hash.update(content)
  // Nothing that is sent can hold its own checksum. A boundary has at most 70 characters.
  const boundary = hash.digest('hex')
  const chunks = parts.flatMap((part) => [
    Buffer.from(`--${boundary}\r\n${headOf(part)}\r\n\r\n`),
    Buffer.from(part.content),
    Buffer.from('\r\n'),
  ])
  const bytes = Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)])
  return { type: `multipart/form-data; boundary=${boundary}`, bytes: new Uint8Array(bytes) }
}

function headOf({ name, file, type }: FormPart): string {
  const disposition = `content-disposition: form-data; name="${name}"`
  const named = file === undefined ? disposition : `${disposition}; filename="${file}"`
  return type === undefined ? named : `${named}\r\ncontent-type: ${type}`
}
