import type { ErrorCode } from '#core/errors.ts'

/** What to do next about what the registry refused. */
export const HINTS: Partial<Record<ErrorCode, string>> = {
  user_unknown: '`entrepot user list` shows who there is, `entrepot user create` makes an account',
  token_unknown: '`entrepot token list` shows the tokens and their ids',
  transfer_unknown: '`entrepot package transfer list` shows the transfers and their ids',
  webhook_unknown: '`entrepot webhook list` shows the webhooks and their ids',
  delivery_unknown: '`entrepot webhook deliveries ID` shows what was and is to be delivered',
  namespace_unknown:
    '`entrepot namespace list` shows what there is, `entrepot namespace create` makes one',
  advisory_unknown: '`entrepot advisory list` shows the advisories and their ids',
  job_unknown: '`entrepot jobs list` shows the jobs and their ids; one that is done is gone',
  name_taken: 'choose another name; upper case and `_` for `-` make no difference',
  name_invalid: 'choose another name',
  last_admin: '`entrepot member add NAMESPACE USER --role admin` makes somebody else an admin',
  namespace_terminating: 'the server takes it apart in the background; try again when it is gone',
  not_found: 'the `list` command beside this one shows what there is',
  unavailable: 'see whether the database runs and can be reached, then try again',
  storage_full: 'make room on the disk, then try again',
}
