import { html } from 'hono/html'
import type { Discovery } from './discovery.ts'
import type { ApiContext } from './env.ts'
import { sendPage } from './layout.ts'

/** The first thing that somebody sees who opens the registry's address. */
export function startPage(c: ApiContext, found: Discovery): Response | Promise<Response> {
  const rows = found.ecosystems.map(
    ({ label, url }) => html`<tr><td>${label}</td><td><code>${url}</code></td></tr>`,
  )
  return sendPage(
    c,
    'Entrepot',
    html`<main>
<h1>Entrepot</h1>
<p>A package registry. Clients use these addresses:</p>
<div class="scroll"><table>
<thead><tr><th scope="col">Protocol</th><th scope="col">Address</th></tr></thead>
<tbody>${rows}</tbody>
</table></div>
<h2>For programs</h2>
<p>The management API at <code>${found.api}</code>: <a href="/api/docs">how to use it</a>, and its
<a href="/api/v1/openapi.json">OpenAPI document</a>. What this page says is also at
<a href="/.well-known/entrepot"><code>/.well-known/entrepot</code></a>.</p>
</main>`,
  )
}
