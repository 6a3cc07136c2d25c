import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import { STYLE } from './style.ts'

/** What a template gives, and what may stand in one. */
export type Html = ReturnType<typeof html>

/** Nothing but our own style: no scripts, nothing from elsewhere. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'"

/** Answers with a page of ours. */
export function sendPage(
  c: Pick<Context, 'header' | 'html'>,
  title: string,
  content: Html,
): Response | Promise<Response> {
  c.header('content-security-policy', POLICY)
  return c.html(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
${content}
</body>
</html>
`)
}
