import type { Context } from 'hono'
import { ANONYMOUS } from '#core/access/actor.ts'
import { packageTopic } from '#core/cache/topics.ts'
import { LOG_TOPIC } from '#core/log/read-log.ts'
import { type LatestRelease, listLatestReleases } from '#core/releases/list-latest.ts'
import type { Env } from '#ecosystems/contract.ts'
import { sendHot } from '#ecosystems/hot-answer.ts'

const MAX_ITEMS = 50

/** GET /feed/rss: the releases that came last, as RSS 2.0; the same for everybody. */
export async function readFeed(c: Context<Env>): Promise<Response> {
  const { app } = c.var
  const anybody = { ...ANONYMOUS, address: '', requestId: '' }
  const releases = await listLatestReleases(app, anybody, 'gren', MAX_ITEMS)
  const url = `${app.settings.publicUrl}/gren`
  return sendHot(c, {
    // News come with the log; a package that is hidden, yanked or revoked leaves at once.
    topics: [LOG_TOPIC, ...new Set(releases.map(({ packageId }) => packageTopic(packageId)))],
    headers: {
      'content-type': 'application/rss+xml; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    },
    body: new TextEncoder().encode(rss(url, releases)),
    isPublic: true,
  })
}

/** GET /health, as the docs site has it. */
export function readHealth(): Response {
  return new Response('{"health":"OK"}', {
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  })
}

function rss(url: string, releases: readonly LatestRelease[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0">
<channel>
<title>Gren packages</title>
<link>${xml(`${url}/package`)}</link>
<description>The releases that came last</description>
${releases.map((one) => item(url, one)).join('\n')}
</channel>
</rss>
`
}

function item(url: string, { path, version, metadata, createdAt }: LatestRelease): string {
  const link = `${url}/package/${path}/version/${version}/overview`
  return `<item>
<title>${xml(`${path} ${version}`)}</title>
<link>${xml(link)}</link>
<guid isPermaLink="true">${xml(link)}</guid>
<description>${xml(String(metadata.description ?? ''))}</description>
<pubDate>${new Date(createdAt).toUTCString()}</pubDate>
</item>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as XML 1.0 has it: without the control characters that it has no way to write. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, ' ')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
