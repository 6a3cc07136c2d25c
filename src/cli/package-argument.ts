import type { App } from '#core/app.ts'
import type { PackageRef } from '#core/packages/package.ts'
import { parseAddress } from '#http/api/package-address.ts'

/** How commands are told which package is meant. */
export const PACKAGE_ARGUMENT = ['<package>', 'which, like oci/acme/web'] as const

/** The package that an argument means. */
export function readPackage(app: App, raw: string): PackageRef {
  return parseAddress(app.ecosystems, raw)
}
