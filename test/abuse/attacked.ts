import { once } from 'node:events'
import { afterAll, expect } from 'vitest'
import { apiServer, clientLike } from '../fixtures/api-server.js'
import { basicLine, formLine } from '../fixtures/post-token.js'
import type { RawAnswer } from '../fixtures/raw-http.js'
import { issued, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import { secretOf, type TestServer, type TestServerOptions } from '../fixtures/test-server.js'
import { ask } from './exchange.js'
import { expectHarmless } from './harmless.js'

/** What no answer and no event may ever have in it. */
export const secrets = [
  ...['inspector', 'shop-app', 'post-app', 'jwt-app', 'opaque-app'].map(secretOf),
  "alice's password",
]

/** A server that listens, and what is needed to attack it. */
export interface AttackedServer extends TestServer {
  /** Sends something hostile; expects this answer, no harm, and that the next good request is answered as ever. */
  attack(lines: readonly string[], body: string, answer: ShownAnswer, path?: string): Promise<RawAnswer>
  /** Posts a form to an endpoint with a client's right secret. */
  postAs(clientId: string, form: string, path?: string): Promise<RawAnswer>
  /** Posts a form as `shop-app`, and expects this answer, no harm and a server as good as before. */
  attackForm(form: string, answer: ShownAnswer, clientId?: string, path?: string): Promise<RawAnswer>
  /** Presents a token to a guard. */
  get(token: string, path?: string): Promise<RawAnswer>
}

/** Starts a server with resources and signing keys, which ends with the file. */
export async function attackedServer(options: TestServerOptions = {}): Promise<AttackedServer> {
  const server = apiServer({
    ...options,
    moreClients: [clientLike('stock-guard', { mayIntrospect: true }), ...(options.moreClients ?? [])],
  })
  await once(server.http.listen(0, '127.0.0.1'), 'listening')
  afterAll(() => {
    server.http.closeAllConnections()
    server.http.close()
  })
  const post = (path: string, ...lines: string[]): string[] => [`POST ${path} HTTP/1.1`, formLine, ...lines]

  async function attack(lines: readonly string[], body: string, answer: ShownAnswer): Promise<RawAnswer> {
    const given = await ask(server.http, lines, body)
    expect(shown(given)).toEqual(answer)
    const form = given.status === 200 ? '' : body
    expectHarmless(server, given, { form, secrets })
    const next = await ask(server.http, post('/oauth/token', basicLine()), 'grant_type=client_credentials')
    expect(shown(next)).toEqual(issued('stock:write'))
    return given
  }

  return {
    ...server,
    attack,
    attackForm: (form, answer, clientId = 'shop-app', path = '/oauth/token') =>
      attack(post(path, basicLine(clientId)), form, answer),
    postAs: (clientId, form, path = '/oauth/token') => ask(server.http, post(path, basicLine(clientId)), form),
    get: (token, path = '/orders') => ask(server.http, [`GET ${path} HTTP/1.1`, `Authorization: Bearer ${token}`]),
  }
}

/** A member of a JSON answer that is a text. */
export function member(answer: RawAnswer, name: string): string {
  return String((JSON.parse(answer.text) as Record<string, unknown>)[name])
}
