import { RegistryError } from '#core/errors.ts'

/** How much a namespace may hold; null is unlimited. */
export interface Quotas {
  readonly maxBytes: number | null
  readonly maxPackages: number | null
  readonly maxProjects: number | null
}

/** The quotas among the given properties; throws `invalid_request` for what is no amount. */
export function pickQuotas(given: Partial<Quotas>): Partial<Quotas> {
  const { maxBytes, maxPackages, maxProjects } = given
  for (const quota of [maxBytes, maxPackages, maxProjects]) {
    if (quota === undefined || quota === null) continue
    if (Number.isSafeInteger(quota) && quota >= 0) continue
    throw new RegistryError(
      'invalid_request',
      'a quota is a whole number from 0 to 2^53-1, or null',
    )
  }
  return {
    ...(maxBytes !== undefined && { maxBytes }),
    ...(maxPackages !== undefined && { maxPackages }),
    ...(maxProjects !== undefined && { maxProjects }),
  }
}
