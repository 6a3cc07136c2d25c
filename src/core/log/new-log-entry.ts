import type { Millis, Visibility } from '#core/db/schema.ts'
import { generateSalt, hiddenRecordText, type LogFacts, recordText } from './record.ts'

/** The row of an event that has no place in the tree yet. */
export function newLogEntry(facts: LogFacts, visibility: Visibility, createdAt: Millis) {
  const salt = visibility === 'public' ? null : generateSalt()
  return {
    position: null,
    event: facts.event,
    ecosystem: facts.ecosystem,
    name: facts.name,
    version: facts.version ?? '',
    digest: facts.digest ?? '',
    salt,
    record: salt === null ? recordText(facts) : hiddenRecordText(salt, facts),
    createdAt,
  }
}
