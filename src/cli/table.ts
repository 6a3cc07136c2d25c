/** The columns of a table by their headings; a missing value is shown as '-'. */
export type Columns<T> = Readonly<Record<string, (item: T) => string | number | undefined>>

/** For people, aligned and with headings; for programs, only the values with tabs between them. */
export function formatTable<T>(
  items: readonly T[],
  columns: Columns<T>,
  isForPeople: boolean,
): string {
  const rows = items.map((item) => Object.values(columns).map((column) => cell(column(item))))
  if (!isForPeople) return rows.map((row) => `${row.join('\t')}\n`).join('')
  if (rows.length === 0) return ''
  const all = [Object.keys(columns).map((heading) => heading.toUpperCase()), ...rows]
  const widths = Object.keys(columns).map((_, at) =>
    Math.max(...all.map((row) => [...(row[at] ?? '')].length)),
  )
  const line = (row: readonly string[]) =>
    row.map((text, at) => text + ' '.repeat((widths[at] ?? 0) - [...text].length)).join('  ')
  return all.map((row) => `${line(row).trimEnd()}\n`).join('')
}

/** What somebody named must not move the cursor, nor look like another column. */
function cell(value: string | number | undefined): string {
  if (value === undefined || value === '') return '-'
  return String(value).replace(/\p{C}+/gu, ' ')
}
