/** What is told: one event of one package. */
export interface Message {
  readonly id: string
  readonly event: WebhookEvent
  /** RFC 3339. */
  readonly at: string
  readonly ecosystem: string
  readonly name: string
  readonly version?: string
  readonly digest?: string
  readonly visibility?: 'public' | 'private'
  readonly actor: string
  /** What else an event has to say: a reason, a message, a former name. */
  readonly [more: string]: unknown
}

/** What can be told. */
export const WEBHOOK_EVENTS = [
  'publish',
  'yank',
  'unyank',
  'deprecate',
  'remove',
  'delete',
  'transfer',
  'visibility',
] as const
/** 'ping' is only sent when somebody asks for it. */
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number] | 'ping'

/** How a kind of webhook tells an event. */
interface KindRules {
  readonly contentType: string
  /** What it is told of when its owner did not say. */
  readonly defaultEvents: readonly WebhookEvent[]
  /** Whether private packages stay out of it. */
  readonly isPublicOnly: boolean
  readonly isSigned: boolean
  render(message: Message): string
  isSuccess(status: number): boolean
}

const is2xx = (status: number) => status >= 200 && status <= 299

/** Every kind of webhook; a new one is a new entry. */
export const WEBHOOK_KINDS = {
  json: {
    contentType: 'application/json',
    defaultEvents: WEBHOOK_EVENTS,
    isPublicOnly: false,
    isSigned: true,
    render: (message) => JSON.stringify(message),
    isSuccess: is2xx,
  },
  // As Gren's docs site takes it: 303 to its list of jobs, 409 when it is at it already.
  'form-package-name': {
    contentType: 'application/x-www-form-urlencoded',
    defaultEvents: ['publish'],
    isPublicOnly: true,
    isSigned: false,
    render: ({ name }) => new URLSearchParams({ packageName: name }).toString(),
    isSuccess: (status) => is2xx(status) || status === 303 || status === 409,
  },
} as const satisfies Record<string, KindRules>

export type WebhookKind = keyof typeof WEBHOOK_KINDS

/** The rules of a kind. */
export function kindRules(kind: WebhookKind): KindRules {
  return WEBHOOK_KINDS[kind]
}
