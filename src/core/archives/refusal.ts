import { RegistryError } from '#core/errors.ts'

/** Why an archive is refused: one name per rule, stable, for machines. */
export type ArchiveRule =
  // The whole archive
  | 'compressed-size'
  | 'unpacked-size'
  | 'ratio'
  | 'entries'
  // Its gzip shell
  | 'gzip-header'
  | 'gzip-corrupt'
  | 'gzip-truncated'
  | 'gzip-trailing'
  | 'gzip-checksum'
  | 'gzip-size'
  // Its tar structure
  | 'tar-header'
  | 'tar-checksum'
  | 'tar-truncated'
  | 'tar-trailing'
  | 'tar-padding'
  | 'pax-header'
  | 'pax-global'
  | 'pax-path'
  | 'pax-size'
  | 'gnu-long-name'
  | 'sparse'
  // What an entry is
  | 'link'
  | 'device'
  | 'fifo'
  | 'type'
  | 'mode'
  | 'file-size'
  // What an entry is called
  | 'utf8'
  | 'control'
  | 'backslash'
  | 'absolute'
  | 'traversal'
  | 'path-syntax'
  | 'path-length'
  | 'depth'
  | 'windows-name'
  | 'duplicate'
  | 'collision'
  | 'file-as-folder'
  | 'top-folder'

const MAX_SHOWN_LENGTH = 300

/** Refuses an archive: `unprocessable`, naming the file (when it is about one) and the rule. */
export function refuse(rule: ArchiveRule, message: string, file?: string): never {
  const shown = file?.slice(0, MAX_SHOWN_LENGTH).toWellFormed()
  const subject = shown === undefined ? 'the archive' : JSON.stringify(shown)
  throw new RegistryError('unprocessable', `${subject}: ${message} [${rule}]`, {
    details: { file: shown ?? null, rule },
  })
}
