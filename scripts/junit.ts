/** One test as the report has it. */
export interface TestCase {
  readonly name: string
  readonly file: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Why it was skipped. */
  readonly reason: string
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  amp: '&',
}

/** Reads the test cases of a JUnit report, as Bun and Node write them. */
export function readTestCases(xml: string): TestCase[] {
  const cases: TestCase[] = []
  const pattern = /<testcase\b((?:\s+[\w:-]+="[^"]*")*)\s*(?:\/>|>([\s\S]*?)<\/testcase>)/g
  for (const [, rawAttributes = '', content = ''] of xml.matchAll(pattern)) {
    const attributes = readAttributes(rawAttributes)
    const [name = '', reason = ''] = (attributes.get('name') ?? '').split(' # SKIP ')
    const file = attributes.get('file') ?? ''
    cases.push({ name, file, outcome: outcomeOf(content), reason })
  }
  return cases
}

function outcomeOf(content: string): TestCase['outcome'] {
  if (/^\s*<skipped\b/.test(content)) return 'skipped'
  return /<(?:failure|error)\b/.test(content) ? 'failed' : 'passed'
}

function readAttributes(raw: string): Map<string, string> {
  const pairs = raw.matchAll(/([\w:-]+)="([^"]*)"/g)
  return new Map([...pairs].map(([, name = '', value = '']) => [name, decode(value)]))
}

/** Node escapes quotes twice. */
function decode(text: string): string {
  const decoded = text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal) return String.fromCodePoint(Number(decimal))
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16))
    return ENTITIES[name] ?? whole
  })
  return decoded.replaceAll('&quot;', '"')
}
