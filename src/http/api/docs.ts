import { docsPage } from './docs-page.ts'
import type { Api } from './env.ts'
import { openApiDocument } from './open-api.ts'

/** `/api/v1/openapi.json` and `/api/docs`. */
export function mountDocs(api: Api): void {
  // Made when first asked for: generating it would slow every start.
  let known: ReturnType<typeof openApiDocument> | undefined
  const documentFor = (url: string) => {
    known ??= openApiDocument(url)
    return known
  }
  api.get('/api/v1/openapi.json', (c) => {
    c.header('cache-control', 'public, max-age=300')
    return c.json(documentFor(c.var.app.settings.publicUrl))
  })
  api.get('/api/docs', (c) => {
    c.header('cache-control', 'public, max-age=300')
    return docsPage(c, documentFor(c.var.app.settings.publicUrl))
  })
}
