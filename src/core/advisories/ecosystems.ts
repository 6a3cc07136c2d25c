import type { App } from '#core/app.ts'
import type { EcosystemRules } from '#core/ecosystem.ts'

/** The closed list of OSV 1.7 (`ecosystemWithSuffix` of its JSON Schema). */
const OFFICIAL: readonly string[] =
  'AlmaLinux,Alpaquita,Alpine,Android,Azure Linux,BellSoft Hardened Containers,Bioconductor,Bitnami,Chainguard,CleanStart,ConanCenter,CRAN,crates.io,Debian,Docker Hardened Images,Echo,FreeBSD,GHC,GIT,GitHub Actions,Go,Hackage,Hex,Homebrew,Julia,Kubernetes,Linux,Mageia,Maven,MinimOS,npm,NuGet,opam,openEuler,openSUSE,OSS-Fuzz,Packagist,Photon OS,Pub,PyPI,Red Hat,Rocky Linux,Root,RubyGems,SUSE,SwiftURL,Ubuntu,VSCode,Wolfi'.split(
    ',',
  )

/**
 * Names that ours have in advisories, by id. All but npm and crates.io EXTEND the closed list of
 * OSV: a strict validator refuses documents about them, because upstream has no name for them yet.
 */
const OURS: Readonly<Record<string, string>> = {
  cargo: 'crates.io',
  elba: 'elba',
  gren: 'Gren',
  npm: 'npm',
  oci: 'OCI',
  ori: 'Ori',
  purescript: 'PureScript',
}

/** Prefixes of ids that OSV knows; `x_` is its own way for databases that it does not. */
const ID_PREFIXES =
  'ALBA ALEA ALPINE ALSA ASB-A AZL BELL BIT BREW CGA CLEANSTART CURL CVE DEBIAN DHI DLA DRUPAL DSA DTSA ECHO EEF ELA FreeBSD GHSA GO GSD HSEC JLSEC KUBE LBSEC LSN MAL MGASA MINI OESA OSEC OSV PHSA PSF PUB-A PYSEC RHBA RHEA RHSA RLSA ROOT RSEC RUSTSEC RXSA SUSE-FU SUSE-OU SUSE-RU SUSE-SU UBUNTU USN V8 openSUSE-SU'.split(
    ' ',
  )
/** Extends the list for ecosystems that have a prefix of their own. */
const OUR_PREFIXES: Readonly<Record<string, string>> = { ori: 'ORISA-' }
const OTHER_PREFIX = 'x_entrepot-'

const ID = new RegExp(
  `^(?:(?:${ID_PREFIXES.join('|')})-|x_|${Object.values(OUR_PREFIXES).join('|')})[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$`,
)

/** Whether an advisory can have this id. */
export function isAdvisoryId(raw: string): boolean {
  return ID.test(raw)
}

/** Whether documents may speak of it: OSV's list and ours, with a suffix where there are releases. */
export function isAdvisoryEcosystem(raw: string): boolean {
  const [name = '', suffix] = raw.split(/:(.*)/s)
  if (suffix === '') return false
  return OFFICIAL.includes(name) || (suffix === undefined && Object.values(OURS).includes(name))
}

/** What advisories call an ecosystem of this registry. */
export function advisoryEcosystem(id: string): string {
  return OURS[id] ?? id
}

/** The ecosystem of this registry that a document means, if it serves it. */
export function ecosystemOf(app: App, name: string): EcosystemRules | undefined {
  return app.ecosystems.find(({ id }) => advisoryEcosystem(id) === name)
}

/** What a new id begins with: the prefix of the ecosystem that it is about, when it has one. */
export function idPrefix(ecosystems: readonly string[]): string {
  const [name] = ecosystems
  const id = Object.keys(OUR_PREFIXES).find((one) => advisoryEcosystem(one) === name)
  return (new Set(ecosystems).size === 1 && id && OUR_PREFIXES[id]) || OTHER_PREFIX
}
