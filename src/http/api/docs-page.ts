import { html } from 'hono/html'
import { type DocsModel, docsModel, type Schema } from './docs-model.ts'
import { operationCard } from './docs-operation.ts'
import { schemaDetails } from './docs-schema.ts'
import type { ApiContext } from './env.ts'
import { type Html, sendPage } from './layout.ts'
import type { OpenApiDocument } from './open-api.ts'

/** The OpenAPI document for people. */
export function docsPage(c: ApiContext, document: OpenApiDocument): Response | Promise<Response> {
  const model = docsModel(document)
  return sendPage(
    c,
    model.title,
    html`<main>
<h1>${model.title}</h1>
<p><code>${model.url}/api/v1/</code> · <a href="/api/v1/openapi.json">OpenAPI document</a> · <a href="/">Start</a></p>
${paragraphs(model.description)}
<nav aria-label="Endpoints">${model.tags.map((tag) => contents(tag.name, model))}</nav>
${model.tags.map(
  ({ name, description }) => html`<section aria-labelledby="tag-${name}">
<h2 id="tag-${name}">${name}</h2>
<p class="quiet">${description}</p>
${withTag(name, model).map((operation) => operationCard(operation, model))}
</section>`,
)}
<section aria-labelledby="schemas">
<h2 id="schemas">Schemas</h2>
${Object.entries(model.schemas).map(([name, schema]) => schemaCard(name, schema))}
</section>
</main>`,
  )
}

function contents(tag: string, model: DocsModel): Html {
  return html`<h4><a href="#tag-${tag}">${tag}</a></h4>
<ul>${withTag(tag, model).map(
    ({ operationId, method, path }) =>
      html`<li><a href="#${operationId}"><span class="method ${method}">${method.toUpperCase()}</span><code>${path}</code></a></li>`,
  )}</ul>`
}

function withTag(tag: string, model: DocsModel) {
  return model.operations.filter(({ tags }) => tags.includes(tag))
}

function schemaCard(name: string, schema: Schema): Html {
  return html`<article class="card" id="schema-${name}">
<h3>${name}</h3>
${schema.description === undefined ? '' : html`<p class="quiet">${schema.description}</p>`}
${schemaDetails(schema)}
</article>`
}

/** Blank lines part paragraphs, and backquotes mark code; nothing else is meant in these texts. */
function paragraphs(text: string): Html[] {
  return text.split('\n\n').map((paragraph) => {
    const parts = paragraph.split('`')
    return html`<p>${parts.map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}</p>`
  })
}
