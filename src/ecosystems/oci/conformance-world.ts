import { OciClient, randomWord } from '#test/oci-client.ts'

/** A served registry, as the suite needs it. */
export type OciFixture = {
  /** Origin without a trailing slash, `http://127.0.0.1:1234`. */
  baseUrl: string
  /** `Basic …` of a user with every right on `namespace`; the token flow uses the same secret. */
  authorization: string
  /** `Basic …` of a user without rights on `namespace`, who may publish in `strangerNamespace`. */
  strangerAuthorization: string
  namespace: string
  strangerNamespace: string
  /** Makes a pushed repository readable by everybody, or by its namespace alone. */
  setVisibility(repository: string, visibility: 'public' | 'private'): Promise<void>
  stop(): Promise<void>
}

/** What a conformance test gets: the fixture and a client for each kind of caller. */
export type World = {
  fixture: OciFixture
  /** The pusher. */
  client: OciClient
  stranger: OciClient
  anonymous: OciClient
  /** A repository name nobody used before. */
  newRepository(): string
}

/** Tests by name; a name starts with the id of the endpoint it is about. */
export type ConformanceTests = Record<string, (world: World) => Promise<void>>

/** The world over a started fixture. */
export function makeWorld(fixture: OciFixture): World {
  return {
    fixture,
    client: new OciClient(fixture.baseUrl, fixture.authorization),
    stranger: new OciClient(fixture.baseUrl, fixture.strangerAuthorization),
    anonymous: new OciClient(fixture.baseUrl),
    newRepository: () => `${fixture.namespace}/conf-${randomWord()}`,
  }
}
