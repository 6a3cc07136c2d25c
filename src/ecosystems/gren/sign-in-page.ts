import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import {
  confirmSignIn,
  type PendingSignIn,
  viewSignIn,
} from '#core/accounts/sign-in/confirm-sign-in.ts'
import { clientName, readUserAgent } from '#core/accounts/sign-in/sign-in.ts'
import { RegistryError } from '#core/errors.ts'
import type { Env } from '#ecosystems/contract.ts'

/** Little enough to be readable by day and by night; the policy below lets in this text alone. */
const STYLE = `:root { color-scheme: light dark }
body { margin: 0; font: 1rem/1.55 system-ui, sans-serif }
main { max-width: 40rem; margin: 0 auto; padding: 1.5rem 1rem }
h1 { font-size: 1.6rem }
button { font: inherit; padding: 0.5rem 1.5rem }`
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** The address of these pages is a secret, and what they do must not be done by clicking on air. */
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
}

/** GET /users/validate/{token}: what is to be confirmed, and a button. Looking changes nothing. */
export async function confirmPage(c: Context<Env>): Promise<Response> {
  return await orOver(async () => {
    const pending = await viewSignIn(c.var.app, c.req.param('token') ?? '')
    return page(200, 'Confirm your sign-in', question(pending))
  })
}

/** POST /users/validate/{token}: the button. */
export async function confirmSubmitted(c: Context<Env>): Promise<Response> {
  return await orOver(async () => {
    const { address, requestId } = c.var.actor
    const userAgent = readUserAgent(c.req.header('user-agent'))
    await confirmSignIn(c.var.app, c.req.param('token') ?? '', { address, requestId, userAgent })
    return page(
      200,
      'You are signed in',
      html`<p>Go back to where you began; this page can be closed.</p>`,
    )
  })
}

function question({ email, address, userAgent, createdAt }: PendingSignIn) {
  return html`<p>Somebody asked to sign in as <strong>${email}</strong>:</p>
<ul>
<li>from ${address}</li>
<li>with ${clientName(userAgent) || 'an unnamed client'}</li>
<li>on ${new Date(createdAt).toUTCString()}</li>
</ul>
<p>If that was you, confirm it. If not, close this page: nobody is signed in then.</p>
<form method="post"><button type="submit">Sign in</button></form>`
}

async function orOver(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'credential_invalid') throw error
    return page(
      410,
      'This link is over',
      html`<p>It was used, has expired or was never made. Begin to sign in again.</p>`,
    )
  }
}

async function page(
  status: number,
  title: string,
  content: ReturnType<typeof html>,
): Promise<Response> {
  const document = await html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${raw(STYLE)}</style></head>
<body><main><h1>${title}</h1>
${content}
</main></body>
</html>
`
  return new Response(String(document), { status, headers: HEADERS })
}
