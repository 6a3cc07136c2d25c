import type { Member } from '#core/namespaces/members/list-members.ts'

type Role = Member['role']

/** What the three levels are called here. */
export type GrenRole = 'download' | 'publish' | 'admin'

/** Our roles in Gren's words. */
export const GREN_ROLES: Record<Role, GrenRole> = {
  reader: 'download',
  publisher: 'publish',
  admin: 'admin',
}

/** And back. */
export const ROLES: Record<GrenRole, Role> = {
  download: 'reader',
  publish: 'publisher',
  admin: 'admin',
}
