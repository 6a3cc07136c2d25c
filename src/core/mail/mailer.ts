/** One message to one person. Both parts say the same. */
export interface Mail {
  /** One address, without a name. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  /** Left part of the Message-ID; the same at every try, so that a mail sent twice can be told. */
  readonly id?: string
}

/** Hands mail to whoever delivers it. */
export interface Mailer {
  /** 'smtp', 'postmark', 'outbox': for the banner and the log. */
  readonly kind: string
  /**
   * Returns once somebody else has taken responsibility for the mail; throws otherwise, and within
   * the adapter's own time limits. Aborting ends the try: whether the mail went out is then unknown.
   */
  send(mail: Mail, signal?: AbortSignal): Promise<void>
}
