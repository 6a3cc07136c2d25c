export const docsPage = (_c: unknown, _d: unknown) => new Response('')
