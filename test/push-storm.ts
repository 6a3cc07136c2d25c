import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Descriptor,
  describeManifest,
  digestOf,
  jsonOf,
  locationOf,
  makeImage,
  mediaTypes,
  OciClient,
  randomBytes,
  textOf,
} from './oci-client.ts'
import type { Answer } from './raw-http.ts'

/** What the registry said it has. */
interface Acknowledged {
  readonly repository: string
  readonly digest: string
  readonly size: number
  readonly kind: 'blobs' | 'manifests'
}

/** An upload that was cut off: all of its bytes, and what is known of how far it came. */
interface OpenUpload {
  readonly path: string
  readonly bytes: Uint8Array
  /** The offset that was last acknowledged. */
  acknowledged: number
  /** Where the chunk ends that was under way. */
  sent: number
  /** The last PUT was under way: the upload may be finished. */
  isFinishing: boolean
}

/** Whom the storm pushes as, and which answers besides success are to be expected. */
interface StormOptions {
  readonly authorization: string
  readonly repositories: readonly string[]
  readonly tolerated?: readonly number[]
  readonly maxBlobBytes?: number
}

const CHUNKS = 3

/** The answer was a refusal that the storm was told to expect. */
class Tolerated extends Error {}

/**
 * Clients that push blobs, images and chunked uploads as fast as they can and remember, to the
 * digest, what was acknowledged and what may or may not have happened. `check…` compares.
 */
export class PushStorm {
  readonly acknowledged: Acknowledged[] = []
  /** How often which status came. */
  readonly statuses = new Map<number, number>()
  readonly #options: StormOptions
  /** By repository and tag: the digests that it may point at now; the first is the last acknowledged. */
  readonly #tags = new Map<string, string[]>()
  #uploads: OpenUpload[] = []

  constructor(options: StormOptions) {
    this.#options = options
  }

  /** Uploads that were cut off and not looked at since. */
  get openUploads(): number {
    return this.#uploads.length
  }

  /** Pushes until told to stop or, when `mayBreak`, until the server is gone. */
  async push(url: string, name: string, more: { signal: AbortSignal; mayBreak: boolean }) {
    const client = new OciClient(url, this.#options.authorization)
    while (!more.signal.aborted) {
      try {
        await this.#step(client, name)
      } catch (error) {
        if (error instanceof Tolerated) await sleep(20)
        else if (error instanceof assert.AssertionError || !more.mayBreak) throw error
        else return
      }
    }
  }

  /** Reads back what was acknowledged since `from` and compares digests; then every tag. */
  async check(url: string, from = 0): Promise<void> {
    const client = new OciClient(url, this.#options.authorization)
    const todo = this.acknowledged.slice(from)
    await inParallel(8, todo, async ({ repository, kind, digest, size }) => {
      const answer = await client.get(`/v2/${repository}/${kind}/${digest}`)
      assert.equal(answer.status, 200, `acknowledged, but ${kind} ${digest}: ${textOf(answer)}`)
      assert.equal(answer.bytes.length, size)
      assert.equal(digestOf(answer.bytes), digest, `${kind} ${digest} has other bytes`)
    })
    for (const repository of this.#options.repositories) await this.#checkTags(client, repository)
  }

  /** Goes on with every upload that was cut off; says how many went on and how many were unknown. */
  async resume(url: string): Promise<{ resumed: number; unknown: number }> {
    const client = new OciClient(url, this.#options.authorization)
    const uploads = this.#uploads
    this.#uploads = []
    const outcome = { resumed: 0, unknown: 0 }
    await inParallel(4, uploads, async (upload) => {
      outcome[(await this.#resumeOne(client, upload)) ? 'resumed' : 'unknown']++
    })
    return outcome
  }

  async #step(client: OciClient, name: string): Promise<void> {
    const repository = pick(this.#options.repositories)
    const kind = randomInt(4)
    if (kind === 0) await this.#pushBlob(client, repository)
    else if (kind === 1) await this.#pushChunked(client, repository)
    else await this.#pushImage(client, repository, `${name}-${randomInt(3)}`)
  }

  async #pushBlob(client: OciClient, repository: string): Promise<Descriptor> {
    const bytes = randomBytes(this.#size())
    const digest = digestOf(bytes)
    const base = `/v2/${repository}/blobs/uploads/`
    if (randomInt(3) === 0) {
      await this.#ask(client, 201, 'POST', `${base}?digest=${digest}`, { body: bytes })
    } else {
      const opened = await this.#ask(client, 202, 'POST', base)
      const path = pathOf(opened)
      await this.#ask(client, 201, 'PUT', `${path}?digest=${digest}`, { body: bytes })
    }
    this.acknowledged.push({ repository, digest, size: bytes.length, kind: 'blobs' })
    return { mediaType: mediaTypes.layer, digest, size: bytes.length }
  }

  async #pushChunked(client: OciClient, repository: string): Promise<void> {
    const bytes = randomBytes(Math.max(CHUNKS * 2, this.#size()))
    const opened = await this.#ask(client, 202, 'POST', `/v2/${repository}/blobs/uploads/`)
    const path = pathOf(opened)
    const upload = { path, bytes, acknowledged: 0, sent: 0, isFinishing: false }
    this.#uploads.push(upload)
    const step = Math.ceil(bytes.length / CHUNKS)
    for (let at = 0; at < bytes.length; at += step) {
      const body = bytes.slice(at, at + step)
      upload.sent = at + body.length
      await this.#ask(client, 202, 'PATCH', path, {
        headers: { 'content-range': `${at}-${upload.sent - 1}` },
        body,
      })
      upload.acknowledged = upload.sent
    }
    await this.#finish(client, upload)
    this.#uploads.splice(this.#uploads.indexOf(upload), 1)
  }

  async #finish(client: OciClient, upload: OpenUpload): Promise<void> {
    const digest = digestOf(upload.bytes)
    upload.isFinishing = true
    await this.#ask(client, 201, 'PUT', `${upload.path}?digest=${digest}`)
    const repository = /^\/v2\/(.+)\/blobs\/uploads\//.exec(upload.path)?.[1] ?? ''
    this.acknowledged.push({ repository, digest, size: upload.bytes.length, kind: 'blobs' })
  }

  async #pushImage(client: OciClient, repository: string, tag: string): Promise<void> {
    const config = await this.#pushBlob(client, repository)
    const layer = await this.#pushBlob(client, repository)
    const image = makeImage({ ...config, mediaType: mediaTypes.config }, [layer])
    const { digest, size } = describeManifest(image)
    const key = `${repository}:${tag}`
    // Until it is acknowledged the tag may point at either.
    const possible = this.#tags.get(key) ?? ['']
    this.#tags.set(key, [...possible, digest])
    await this.#ask(client, 201, 'PUT', `/v2/${repository}/manifests/${tag}`, {
      headers: { 'content-type': image.mediaType },
      body: image.bytes,
    })
    this.#tags.set(key, [digest])
    this.acknowledged.push({ repository, digest, size, kind: 'manifests' })
  }

  /** Every tag that is listed resolves to a whole image; every one that was acknowledged is right. */
  async #checkTags(client: OciClient, repository: string): Promise<void> {
    const list = await client.get(`/v2/${repository}/tags/list`)
    if (list.status === 404) return
    assert.equal(list.status, 200, textOf(list))
    const { tags } = jsonOf<{ tags: string[] }>(list)
    for (const [key, possible] of this.#tags) {
      const [name, tag = ''] = key.split(':')
      if (name !== repository || possible[0] === '') continue
      assert.ok(tags.includes(tag), `the acknowledged tag ${key} is not listed`)
    }
    for (const tag of tags) {
      const manifest = await client.get(`/v2/${repository}/manifests/${tag}`)
      assert.equal(manifest.status, 200, `the listed tag ${tag}: ${textOf(manifest)}`)
      const digest = digestOf(manifest.bytes)
      assert.equal(manifest.headers.get('docker-content-digest'), digest)
      const possible = this.#tags.get(`${repository}:${tag}`)
      if (possible) assert.ok(possible.includes(digest), `${repository}:${tag} points elsewhere`)
      await checkImage(client, repository, manifest)
    }
  }

  async #resumeOne(client: OciClient, upload: OpenUpload): Promise<boolean> {
    const status = await client.get(upload.path)
    if (status.status === 404 && upload.isFinishing) return false
    assert.equal(status.status, 204, `an open upload: ${textOf(status)}`)
    const last = Number(/^0-(\d+)$/.exec(status.headers.get('range') ?? '')?.[1])
    const offset = last === 0 ? 0 : last + 1
    assert.ok(offset >= upload.acknowledged, `${offset} < acknowledged ${upload.acknowledged}`)
    assert.ok(offset <= upload.sent, `${offset} > sent ${upload.sent}`)
    if (offset < upload.bytes.length) {
      const body = upload.bytes.slice(offset)
      const range = `${offset}-${upload.bytes.length - 1}`
      await this.#ask(client, 202, 'PATCH', upload.path, {
        headers: { 'content-range': range },
        body,
      })
    }
    if (upload.isFinishing) {
      // Its bytes may be used up already: then it has to say so, and the client starts again.
      const answer = await client.finish(upload.path, digestOf(upload.bytes))
      assert.ok([201, 404].includes(answer.status), `PUT again: ${textOf(answer)}`)
      return answer.status === 201
    }
    await this.#finish(client, upload)
    return true
  }

  async #ask(
    client: OciClient,
    expected: number,
    method: string,
    ...[path, options]: [string, Parameters<OciClient['request']>[2]?]
  ): Promise<Answer> {
    const answer = await client.request(method, path, options)
    const { status } = answer
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    if (status === expected) return answer
    if (this.#options.tolerated?.includes(status)) {
      assert.ok(jsonOf<{ errors: { message: string }[] }>(answer).errors[0]?.message)
      throw new Tolerated()
    }
    assert.fail(`${method} ${path}: ${status} ${textOf(answer)}`)
  }

  #size(): number {
    const most = this.#options.maxBlobBytes ?? 200_000
    // Mostly small, sometimes large.
    return 1 + randomInt(randomInt(5) === 0 ? most : Math.min(most, 4_000))
  }
}

async function checkImage(client: OciClient, repository: string, manifest: Answer): Promise<void> {
  const image = jsonOf<{ config: Descriptor; layers: Descriptor[] }>(manifest)
  for (const blob of [image.config, ...image.layers]) {
    const answer = await client.get(`/v2/${repository}/blobs/${blob.digest}`)
    assert.equal(answer.status, 200, `a blob of an image: ${textOf(answer)}`)
    assert.equal(digestOf(answer.bytes), blob.digest)
  }
}

async function inParallel<T>(lanes: number, items: T[], work: (item: T) => Promise<void>) {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const item of queue) await work(item)
    }),
  )
}

function pathOf(answer: Answer): string {
  return new URL(locationOf(answer)).pathname
}

function pick<T>(items: readonly T[]): T {
  return items[randomInt(items.length)] as T
}
