import { html } from 'hono/html'
import { type DocsModel, exampleOf, type Operation, type Schema } from './docs-model.ts'
import { parameterList, typeOf } from './docs-schema.ts'
import type { Html } from './layout.ts'

/** Everything about one endpoint. */
export function operationCard(operation: Operation, model: DocsModel): Html {
  const { method, path, operationId, summary, description, parameters = [] } = operation
  const requestBody = schemaOf(operation.requestBody)
  return html`<article class="card" id="${operationId}">
<div class="route"><span class="method ${method}">${method.toUpperCase()}</span><code>${path}</code></div>
<h3>${summary}</h3>
${description === undefined ? '' : html`<p class="quiet">${description}</p>`}
${parameters.length === 0 ? '' : html`<h4>Parameters</h4>${parameterList(parameters)}`}
${requestBody ? html`<h4>Body</h4><p>${typeOf(requestBody)}, as JSON</p>` : ''}
<h4>Answers</h4>
<dl>${Object.entries(operation.responses).map(([status, one]) => {
    const schema = schemaOf(one)
    const name = status === 'default' ? 'Otherwise' : status
    const type = schema ? html`: ${typeOf(schema)}` : ''
    return html`<dt>${name}${type}</dt><dd>${one.description}</dd>`
  })}</dl>
<h4>Example</h4>
<pre tabindex="0"><code>${curl(operation, model)}</code></pre>
</article>`
}

/** A command that can be pasted into a shell where TOKEN is set. */
function curl({ method, path, parameters = [], requestBody }: Operation, model: DocsModel): string {
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = parameters.find((one) => one.name === name)
    return String(exampleOf(parameter?.schema ?? {}, model.schemas))
  })
  const lines = [
    `curl${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} ${model.url}${target}`,
    '  -H "Authorization: Bearer $TOKEN"',
  ]
  const schema = schemaOf(requestBody)
  if (schema) {
    lines.push('  -H "Content-Type: application/json"')
    lines.push(`  -d '${JSON.stringify(exampleOf(schema, model.schemas))}'`)
  }
  return lines.join(' \\\n')
}

function schemaOf(holder: Operation['requestBody']): Schema | undefined {
  return Object.values(holder?.content ?? {})[0]?.schema
}
