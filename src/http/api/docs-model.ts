import type { OpenApiDocument } from './open-api.ts'

/** A JSON schema, as far as our own schemas go. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly description?: string
  readonly enum?: readonly string[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly example?: unknown
  readonly default?: unknown
}

/** A parameter in the path or query. */
export interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: Schema
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>
}

/** One endpoint. */
export interface Operation {
  readonly method: string
  readonly path: string
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: Content
  readonly responses: Readonly<Record<string, Content & { readonly description: string }>>
}

/** The document as the page reads it. */
export interface DocsModel {
  readonly title: string
  readonly description: string
  readonly url: string
  readonly tags: ReadonlyArray<{ readonly name: string; readonly description: string }>
  readonly operations: readonly Operation[]
  readonly schemas: Readonly<Record<string, Schema>>
}

/** Reads the document; it is our own, so its shape is known. */
export function docsModel(document: OpenApiDocument): DocsModel {
  const { info, servers, tags, paths, components } = document
  const operations = Object.entries(paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ ...operation, method, path })),
  )
  return {
    title: info.title,
    description: info.description ?? '',
    url: servers?.[0]?.url ?? '',
    tags: (tags ?? []) as DocsModel['tags'],
    operations: operations as Operation[],
    schemas: (components?.schemas ?? {}) as DocsModel['schemas'],
  }
}

/** The name of the schema that is referred to. */
export function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1)
}

/** A value that fits a schema: what must be there, and what has an example. */
export function exampleOf(schema: Schema, schemas: DocsModel['schemas']): unknown {
  if (schema.$ref !== undefined) return exampleOf(schemas[nameOf(schema.$ref)] ?? {}, schemas)
  if (schema.example !== undefined) return schema.example
  if (schema.enum) return schema.enum[0]
  if (schema.items) return [exampleOf(schema.items, schemas)]
  if (schema.properties) return exampleObject(schema, schemas)
  if (schema.type === 'boolean') return true
  return schema.type === 'integer' ? 1 : 'text'
}

function exampleObject(schema: Schema, schemas: DocsModel['schemas']): Record<string, unknown> {
  const { properties = {}, required = [] } = schema
  const all = Object.keys(properties)
  const shown = required.length > 0 ? required : all.slice(0, 1)
  return Object.fromEntries(
    shown.map((name) => [name, exampleOf(properties[name] ?? {}, schemas)] as const),
  )
}
