import { z } from 'zod'
import type { GrenClient } from './client.ts'

const userBody = z.object({
  name: z.string(),
  email: z.string(),
  publishingIdentities: z.array(z.object({ name: z.string(), role: z.string() })).default([]),
})

/** Who is signed in, and what they may do where. */
export type GrenUser = z.infer<typeof userBody>

/** Asks the registry who somebody is. */
export function readUser(client: GrenClient): Promise<GrenUser> {
  return client.read('/user', userBody)
}
