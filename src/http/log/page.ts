import type { Context, Hono } from 'hono'
import { html } from 'hono/html'
import { readCheckpoint } from '#core/log/checkpoint.ts'
import { logOrigin, witnessSigners } from '#core/log/log-signers.ts'
import { type LogState, readLogState } from '#core/log/read-log.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendPage } from '#http/api/layout.ts'

/** What the log says of itself. */
interface AboutLog {
  readonly origin: string
  readonly url: string
  /** The current one first. */
  readonly verifierKeys: readonly string[]
  readonly size: number
  readonly rootHash: string | null
  readonly checkpoint: string | null
  /** Where other logs are cosigned, and with which keys. */
  readonly witness: { readonly url: string; readonly verifierKeys: readonly string[] }
}

/** `/log/`: who this log is and how to check it, as a page or as JSON. */
export function mountLogPage(log: Hono<Env>): void {
  log.on('GET', ['', '/'], async (c) => {
    c.header('vary', 'accept')
    c.header('cache-control', 'public, max-age=1')
    const about = aboutLog(c, await readLogState(c.var.app.database.db))
    const accept = c.req.header('accept') ?? ''
    return /\btext\/html\b/i.test(accept) ? page(c, about) : c.json(about)
  })
}

function aboutLog(c: Context<Env>, { size, checkpoint, verifierKeys }: LogState): AboutLog {
  const { app } = c.var
  const isSigned = checkpoint !== ''
  const root = isSigned ? readCheckpoint(checkpoint).root : undefined
  return {
    origin: isSigned ? readCheckpoint(checkpoint).origin : logOrigin(app),
    url: `${app.settings.publicUrl}/log`,
    verifierKeys: verifierKeys.split(' ').filter((key) => key !== ''),
    size,
    rootHash: root ? Buffer.from(root).toString('base64') : null,
    checkpoint: isSigned ? checkpoint : null,
    witness: {
      url: `${app.settings.publicUrl}/log/witness`,
      verifierKeys: witnessSigners(app).map(({ verifier }) => verifier.text),
    },
  }
}

function page(c: Context<Env>, about: AboutLog): Response | Promise<Response> {
  const keys = about.verifierKeys.map((key) => html`<p><code>${key}</code></p>`)
  return sendPage(
    c,
    'Transparency log',
    html`<main>
<h1>Transparency log</h1>
<p>Every release that this registry accepted is an entry of this log, and so is what happened to it
later. An entry can never be changed or taken away without everybody being able to notice.</p>
<h2>Verifier key</h2>
${keys}
<h2>Checkpoint</h2>
<p>${about.size} entries.</p>
<div class="scroll"><pre>${about.checkpoint ?? 'not signed yet'}</pre></div>
<h2>As a witness</h2>
<p>With this key, at <code>${about.witness.url}</code>, the registry cosigns other logs that its operator names.</p>
${about.witness.verifierKeys.map((key) => html`<p><code>${key}</code></p>`)}
<h2>For programs</h2>
<p>The log is C2SP <code>tlog-tiles</code> below <code>${about.url}</code>
(<a href="/log/checkpoint"><code>checkpoint</code></a>, <code>tile/…</code>,
<code>tile/entries/…</code>). Go’s checksum database clients use the same address
(<a href="/log/latest"><code>latest</code></a>, <code>lookup/…@…</code>, <code>tile/8/…</code>).
<code>lookup/{ecosystem}/{name}/{version}</code> proves one release, as JSON, and as a file with
<code>.tlog-proof</code> behind it. What is logged of private packages is hidden from strangers.</p>
</main>`,
  )
}
