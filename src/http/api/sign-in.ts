import { createRoute, z } from '@hono/zod-openapi'
import { fetchSessionByCode } from '#core/accounts/sign-in/fetch-session.ts'
import { readUserAgent, type SignInOrigin } from '#core/accounts/sign-in/sign-in.ts'
import { startSignIn } from '#core/accounts/sign-in/start-sign-in.ts'
import type { Api, ApiContext } from './env.ts'
import { body, json, problems } from './responses.ts'
import { Time, time } from './schemas.ts'
import { Session, sessionView } from './session-schema.ts'

const NewSignIn = z
  .strictObject({ email: z.string().max(512).openapi({ example: 'ann@example.org' }) })
  .openapi('NewSignIn')

const SignIn = z
  .object({
    fetchToken: z.string().openapi({ description: 'Secret: send it with the code' }),
    expiresAt: Time,
  })
  .openapi('SignIn')

const SignInCode = z
  .strictObject({
    fetchToken: z.string().max(128),
    code: z.string().max(64).openapi({
      example: 'A3F9-L2PC',
      description: 'From the mail; case, spaces and hyphens do not matter',
    }),
  })
  .openapi('SignInCode')

const SignedIn = z
  .object({
    secret: z.string().openapi({ description: 'Shown here, once, and kept nowhere' }),
    user: z.string().openapi({ example: 'ann' }),
    session: Session,
  })
  .openapi('SignedIn')

const tags = ['Accounts']

const start = createRoute({
  method: 'post',
  path: '/api/v1/sign-in',
  operationId: 'startSignIn',
  tags,
  summary: 'Begin to sign in: writes a code to an e-mail address',
  description:
    'Needs no credential. The answer is the same whether there is such an account or not; one is made when the code comes back. A sign-in is good for 15 minutes, once, and for 5 tries.',
  request: { body: body(NewSignIn) },
  responses: {
    202: json(SignIn, 'A mail with a code is on its way'),
    default: problems('unavailable'),
  },
})

const fetchSession = createRoute({
  method: 'post',
  path: '/api/v1/sign-in/fetch',
  operationId: 'fetchSession',
  tags,
  summary: 'End a sign-in with the code from the mail',
  description: 'Whatever is wrong, the answer is `credential_invalid`.',
  request: { body: body(SignInCode) },
  responses: { 201: json(SignedIn, 'A session'), default: problems() },
})

/** `/sign-in`. */
export function mountSignIn(api: Api): void {
  api.openapi(start, async (c) => {
    const { email } = c.req.valid('json')
    const { fetchToken, expiresAt } = await startSignIn(c.var.app, { email, flow: 'code' }, from(c))
    return c.json({ fetchToken, expiresAt: time(expiresAt) }, 202)
  })
  api.openapi(fetchSession, async (c) => {
    const made = await fetchSessionByCode(c.var.app, c.req.valid('json'), from(c))
    const { secret, user, session } = made
    return c.json({ secret, user: user.name, session: sessionView(session, session.id) }, 201)
  })
}

function from(c: ApiContext): SignInOrigin {
  const { address, requestId } = c.env
  return { address, requestId, userAgent: readUserAgent(c.req.header('user-agent')) }
}
