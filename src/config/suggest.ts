/** The known name that somebody who wrote `wrong` most likely meant. */
export function suggest(wrong: string, known: readonly string[]): string | undefined {
  const inside = known.find((name) => name.startsWith(`${wrong}.`) || wrong.startsWith(`${name}.`))
  if (inside !== undefined) return inside
  const near = known
    .map((name) => ({ name, distance: editDistance(wrong.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return near && near.distance <= Math.max(2, wrong.length / 4) ? near.name : undefined
}

/** How many letters must be added, taken away or replaced to make `b` of `a` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
