import { html } from 'hono/html'
import { nameOf, type Parameter, type Schema } from './docs-model.ts'
import type { Html } from './layout.ts'

/** What a value is, in a few words, with links to named schemas. */
export function typeOf(schema: Schema): Html {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref)
    return html`<a href="#schema-${name}">${name}</a>`
  }
  if (schema.items) return html`list of ${typeOf(schema.items)}`
  if (schema.enum) return html`${schema.enum.map((one) => `"${one}"`).join(' or ')}`
  if (typeof schema.additionalProperties === 'object') {
    return html`map of ${typeOf(schema.additionalProperties)} by name`
  }
  if (schema.type === undefined) return html`anything`
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type
  const format = schema.format === 'date-time' ? ' (date and time)' : ''
  return html`${types.join(' or ')}${format}`
}

/** A schema's properties, one after the other; anything else in a line. */
export function schemaDetails(schema: Schema): Html {
  const { properties, required = [] } = schema
  if (!properties) return html`<p>${typeOf(schema)}</p>`
  const entries = Object.entries(properties)
  return html`<dl>${entries.map(([name, one]) => property(name, one, required.includes(name)))}</dl>`
}

/** The parameters of an endpoint. */
export function parameterList(parameters: readonly Parameter[]): Html {
  return html`<dl>${parameters.map((one) =>
    property(one.name, one.schema, one.required === true, `in the ${one.in}`),
  )}</dl>`
}

function property(name: string, schema: Schema, isRequired: boolean, where?: string): Html {
  const inner = schema.properties ?? schema.items?.properties
  const facts = [
    where,
    isRequired ? undefined : 'optional',
    schema.default === undefined ? undefined : `default ${schema.default}`,
  ].filter((fact) => fact !== undefined)
  const told = facts.length > 0 ? html`, <span class="quiet">${facts.join(', ')}</span>` : ''
  return html`<dt><code>${name}</code>: ${typeOf(schema)}${told}</dt>
<dd>${schema.description ?? ''}${inner ? schemaDetails(schema.items ?? schema) : ''}</dd>`
}
