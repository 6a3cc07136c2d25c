/** What kind of source a module is. */
const PART = '[A-Z][A-Za-z0-9]*'
const MODULE = new RegExp(`^${PART}(?:\\.${PART})*$`)
/** What is below it is kernel code, and that is one part deep: nothing else may be called so. */
const KERNEL_PREFIX = 'Gren.Kernel.'
const KERNEL = new RegExp(`^Gren\\.Kernel\\.${PART}$`)
const MAX_MODULE_CHARS = 200
const HEADER = new RegExp(
  `^(?:(?:port|effect)\\s+)?module\\s+(${PART}(?:\\.${PART})*)\\s+(?:exposing|where)(?![A-Za-z0-9_])`,
)
/** The name in a header is never longer than this. */
const MAX_HEADER_CHARS = 1_000

/** Whether this is the name of a module: parts that begin with a capital, with dots between them. */
export function isModuleName(raw: string): boolean {
  if (raw.length > MAX_MODULE_CHARS || !MODULE.test(raw)) return false
  return !raw.startsWith(KERNEL_PREFIX) || KERNEL.test(raw)
}

/** Whether a module is kernel code: JavaScript, which only one author may publish. */
export function isKernelModule(name: string): boolean {
  return KERNEL.test(name)
}

/** The name that a module's source gives itself; comments may come before it. */
export function headerName(source: string): string | undefined {
  const at = skipComments(source)
  return at === undefined ? undefined : HEADER.exec(source.slice(at, at + MAX_HEADER_CHARS))?.[1]
}

/** The text of the `{-| … -}` behind a module's header, which is its documentation. */
export function docComment(source: string): string {
  const at = skipComments(source) ?? source.length
  const start = source.indexOf('{-|', at)
  const end = start === -1 ? undefined : commentEnd(source, start)
  // What comes before it may only be the header: otherwise it is about something else.
  const isAboutModule = !/^(?:import|type|[a-z]\w* *[:=])/m.test(source.slice(at + 1, start))
  return end !== undefined && isAboutModule ? source.slice(start + 3, end - 2).trim() : ''
}

/** Where the first word is that is no comment; nothing when a comment has no end. */
function skipComments(source: string): number | undefined {
  for (let at = 0; ; ) {
    while (/\s/.test(source[at] ?? '')) at++
    if (source.startsWith('--', at)) {
      const end = source.indexOf('\n', at)
      at = end === -1 ? source.length : end
    } else if (source.startsWith('{-', at)) {
      const end = commentEnd(source, at)
      if (end === undefined) return undefined
      at = end
    } else return at
  }
}

/** Behind the comment that begins at `start`; comments may be inside comments. */
function commentEnd(source: string, start: number): number | undefined {
  const marks = /\{-|-\}/g
  marks.lastIndex = start
  let depth = 0
  for (let mark = marks.exec(source); mark; mark = marks.exec(source)) {
    depth += mark[0] === '{-' ? 1 : -1
    if (depth === 0) return marks.lastIndex
  }
  return undefined
}
