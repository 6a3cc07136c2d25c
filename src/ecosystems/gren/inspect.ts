import { type Bundle, EXTRA_NAMES, type Extras, readBundle, whyNoExtra } from './bundle.ts'
import { headerName, isKernelModule, isModuleName } from './modules.ts'
import { KERNEL_AUTHOR } from './name.ts'
import { type Outline, readOutline } from './outline.ts'
import type { Findings } from './problems.ts'

/** What `gren package validate` asks of a readme. */
const MIN_README_BYTES = 300

/** What a package turned out to be. */
export interface InspectedPackage {
  readonly outline: Outline
  /** gren.json as it was sent. */
  readonly rawOutline: Readonly<Record<string, unknown>>
  readonly extras: Extras
}

/** What is to be published. */
export interface SentPackage {
  readonly bundle: Uint8Array
  /** What was sent beside the bundle; it counts more than what is in it. */
  readonly extras: Extras
}

/** Checks all that a package's own content can tell; notes every problem. */
export async function inspectPackage(
  sent: SentPackage,
  findings: Findings,
): Promise<InspectedPackage> {
  const bundle = await readBundle(sent.bundle, findings)
  const outline = readOutline(bundle.outline, findings)
  const extras = { ...bundle.extras, ...sent.extras }
  checkSources(outline, bundle, findings)
  checkExtras(extras, findings)
  return { outline, rawOutline: bundle.outline, extras }
}

function checkSources(outline: Outline, { sources }: Bundle, findings: Findings): void {
  for (const name of outline.exposedModules) {
    if (!sources.has(name) || isKernelModule(name)) {
      findings.refuse('outline.exposed-modules', `${name} is not among the sources`)
    }
  }
  const files = new Map<string, string>()
  for (const [name, source] of sources) {
    checkSource(outline, { name, source }, findings)
    // One file on the disks of many.
    const file = name.toLowerCase()
    const other = files.get(file)
    if (other !== undefined) findings.refuse(`sources.${name}`, `is called like ${other}`)
    files.set(file, name)
  }
}

function checkSource(
  outline: Outline,
  { name, source }: { name: string; source: string },
  findings: Findings,
): void {
  const place = `sources.${name}`
  if (!isModuleName(name)) {
    findings.refuse(place, 'is not the name of a module')
  } else if (isKernelModule(name)) {
    if (!isKernelAuthor(outline)) {
      findings.refuse(place, `is kernel code, which only ${KERNEL_AUTHOR} publishes`)
    }
  } else {
    const header = headerName(source)
    if (header === undefined) findings.refuse(place, `does not begin with module ${name} exposing`)
    else if (header !== name) findings.refuse(place, `calls itself ${header}`)
  }
}

function isKernelAuthor({ name }: Outline): boolean {
  return name.startsWith(`${KERNEL_AUTHOR}/`)
}

function checkExtras(extras: Extras, findings: Findings): void {
  for (const name of EXTRA_NAMES) {
    const bytes = extras[name]
    const why = bytes && whyNoExtra(name, bytes)
    if (why !== undefined) findings.refuse(name, why)
  }
  const { readme, license } = extras
  if (!readme) findings.warn('readme', 'is not there: gren package validate asks for one')
  else if (readme.byteLength < MIN_README_BYTES) {
    findings.warn('readme', `has less than ${MIN_README_BYTES} bytes`)
  }
  if (!license) findings.warn('license', 'is not there: gren package validate asks for one')
}
