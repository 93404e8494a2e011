import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient } from 'latchkey'
import {
  startMariadbDatabase,
  startPostgresDatabase,
  startRedisDatabase,
  type OpenedStores,
  type StartDatabase,
  type StartedDatabase,
} from '../fixtures/database-servers.js'
import { startServerProcesses, type ServerProcess } from '../fixtures/server-process.js'
import { TokenCaller, type Answer } from '../fixtures/token-caller.js'

const password = 'the password of all users'
const grantTypes = ['password', 'refresh_token', 'client_credentials']
const scopes = ['orders:read']
const app = createClient({ firstParty: true, grantTypes, scopes, defaultScopes: scopes, mayIntrospect: true })
const caller = new TokenCaller(app)

const kinds: readonly (readonly [name: string, start: StartDatabase])[] = [
  ['PostgreSQL', startPostgresDatabase],
  ['MariaDB', startMariadbDatabase],
  ['Redis', startRedisDatabase],
]

describe.each(kinds)('%s is killed twice while two processes issue tokens', (name, start) => {
  let database: StartedDatabase | undefined
  let stores: OpenedStores
  let processes: ServerProcess[] = []

  beforeAll(async () => {
    database = await start({ durable: true })
    if (database === undefined) return
    stores = await database.open()
    await stores.clients.saveClient(app.client)
    processes = await startServerProcesses(2, { ...database.settings, password, timeoutMilliseconds: 5000 })
  })
  afterAll(async () => {
    await Promise.all(processes.map((child) => child.stop()))
    await stores.close()
    await database?.server.stop()
  })

  it('answers tokens or 503, loses no token that it answered, and goes on by itself (ORD-05, TOK-24, BRR-22)', async ({
    skip,
  }) => {
    if (database === undefined) return skip()
    const load = new Load(processes.map(({ port }) => port))
    const { server } = database
    await sleep(1000)
    for (let kill = 0; kill < 2; kill++) {
      await server.kill!()
      await sleep(1000)
      await server.restart!()
      await sleep(1300)
    }
    await load.end()

    expect(load.wrong).toEqual([])
    expect(load.count(200)).toBeGreaterThan(50)
    expect(load.count(503)).toBeGreaterThan(3)
    expect(processes.map(({ hasEnded }) => hasEnded)).toEqual([false, false])

    // What was answered is known, in both processes.
    for (const port of load.ports) {
      const shown = await inTurns([...load.accessTokens], (token) => caller.orders(port, token))
      expect(shown.filter(({ status }) => status !== 200)).toEqual([])
    }
    if (database.settings.kind !== 'redis') await expectWholeSignIns(stores, load.chains)
    for (const chain of load.chains) {
      const [answer] = await Promise.all(load.ports.map((port) => caller.refresh(port, chain.refreshToken)))
      expect(answer).toMatchObject({ status: 200 })
    }

    const issued = await Promise.all(processes.map((child) => child.issued()))
    const retries = issued.reduce((sum, { retry }) => sum + retry, 0)
    const rotations = load.chains.reduce((sum, chain) => sum + chain.rotations, 0)
    console.log(
      `${name} killed twice: ${String(load.answers)} requests, ${String(load.count(200))} × 200, ${String(load.count(503))} × 503; ` +
        `${String(load.accessTokens.size)} access tokens, ${String(load.chains.length)} sign-ins, ${String(rotations)} rotations, ` +
        // The last check makes one retry in each sign-in.
        `${String(retries - load.chains.length)} of them given again after the kill`,
    )
  })
})

/** One sign-in, as its client knows it. */
interface Chain {
  refreshToken: string
  /** How many refreshes were answered with tokens. */
  rotations: number
}

/** Callers that go on until they are told to end, each with its next request as soon as the last one was answered. */
class Load {
  readonly chains: Chain[] = []
  /** All that were ever answered. */
  readonly accessTokens = new Set<string>()
  /** Answers that nothing explains. */
  readonly wrong: unknown[] = []
  readonly #statuses = new Map<number, number>()
  readonly #callers: Promise<void>[]
  #hasEnded = false
  #turn = 0

  constructor(readonly ports: readonly number[]) {
    this.#callers = [
      ...Array.from({ length: 3 }, () => this.#repeat(() => this.#clientToken())),
      ...Array.from({ length: 3 }, (_, index) => this.#repeat(() => this.#signIn(`user-${String(index)}`))),
      ...Array.from({ length: 8 }, (_, index) => this.#refreshChain(`user-${String(100 + index)}`)),
      ...Array.from({ length: 2 }, () => this.#repeat(() => this.#useToken())),
    ]
  }

  get answers(): number {
    return [...this.#statuses.values()].reduce((sum, count) => sum + count, 0)
  }

  count(status: number): number {
    return this.#statuses.get(status) ?? 0
  }

  /** Ends when everybody has had the last answer; chains end with a refresh that worked. */
  async end(): Promise<void> {
    this.#hasEnded = true
    await Promise.all(this.#callers)
  }

  async #repeat(act: () => Promise<unknown>): Promise<void> {
    while (!this.#hasEnded) await act()
  }

  async #clientToken(): Promise<void> {
    this.#keep(await this.#ask((port) => caller.clientToken(port)))
  }

  async #signIn(username: string): Promise<void> {
    const answer = await this.#ask((port) => caller.signIn(port, username, password))
    if (!this.#keep(answer)) return
    this.chains.push({ refreshToken: String(answer?.body['refresh_token']), rotations: 0 })
    await sleep(50)
  }

  /** What a client does: after a 503 it tries again with the token that it has. */
  async #refreshChain(username: string): Promise<void> {
    let chain: Chain | undefined
    for (let worked = false; !this.#hasEnded || !worked;) {
      const { refreshToken } = chain ?? {}
      const answer = await this.#ask((port) =>
        refreshToken === undefined ? caller.signIn(port, username, password) : caller.refresh(port, refreshToken),
      )
      worked = this.#keep(answer)
      if (!worked) continue
      if (chain === undefined) this.chains.push((chain = { refreshToken: '', rotations: -1 }))
      chain.refreshToken = String(answer?.body['refresh_token'])
      chain.rotations += 1
    }
  }

  async #useToken(): Promise<void> {
    const [token] = [...this.accessTokens].slice(-1)
    if (token === undefined) return sleep(10)
    const shown = await this.#ask((port) => caller.orders(port, token))
    const told = await this.#ask((port) => caller.introspect(port, token))
    if (told?.status === 200 && told.body['active'] !== true) this.wrong.push(told)
    if (shown?.status === 200 && shown.body['clientId'] !== app.client.clientId) this.wrong.push(shown)
  }

  /** Asks the processes in turns; a short rest after a 503, much shorter than its `Retry-After`. */
  async #ask(send: (port: number) => Promise<Answer>): Promise<Answer | undefined> {
    const port = this.ports[this.#turn++ % this.ports.length]!
    try {
      const answer = await send(port)
      this.#statuses.set(answer.status, this.count(answer.status) + 1)
      if (answer.status !== 200) {
        if (!isUnavailable(answer)) this.wrong.push(answer)
        await sleep(40)
      }
      return answer
    } catch (error) {
      this.wrong.push(error)
      await sleep(40)
      return undefined
    }
  }

  /** Whether the answer has tokens. */
  #keep(answer: Answer | undefined): boolean {
    if (answer?.status !== 200) return false
    const { access_token: token, token_type: type } = answer.body
    if (typeof token === 'string' && token !== '' && type === 'Bearer') this.accessTokens.add(token)
    else this.wrong.push(answer)
    return true
  }
}

/** The one answer that tells of a store which cannot serve. */
function isUnavailable({ status, headers, body }: Answer): boolean {
  return (
    status === 503 &&
    headers['content-type'] === 'application/json' &&
    headers['cache-control'] === 'no-store' &&
    /^[1-9]\d*$/.test(headers['retry-after'] ?? '') &&
    body['error'] === 'temporarily_unavailable'
  )
}

/** Asks for many things, twenty at once. */
async function inTurns<Item>(items: readonly Item[], ask: (item: Item) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let from = 0; from < items.length; from += 20) {
    answers.push(...(await Promise.all(items.slice(from, from + 20).map(ask))))
  }
  return answers
}

/** Nothing is half-written: neither a sign-in nor a rotation, whether its answer arrived or not. */
async function expectWholeSignIns(stores: OpenedStores, chains: readonly Chain[]): Promise<void> {
  const tokens = await stores.query(`
    SELECT 'access' AS kind FROM latchkey_access_token
    WHERE authorization_id IS NOT NULL
      AND authorization_id NOT IN (SELECT authorization_id FROM latchkey_authorization)
    UNION ALL
    SELECT 'refresh' AS kind FROM latchkey_refresh_token
    WHERE authorization_id NOT IN (SELECT authorization_id FROM latchkey_authorization)
  `)
  expect(tokens).toEqual([])
  const signIns = (
    await stores.query(`
      SELECT
        (SELECT count(*) FROM latchkey_access_token AS token
          WHERE token.authorization_id = owner.authorization_id) AS access_tokens,
        (SELECT count(*) FROM latchkey_refresh_token AS token
          WHERE token.authorization_id = owner.authorization_id) AS refresh_tokens,
        (SELECT count(*) FROM latchkey_refresh_token AS token
          WHERE token.authorization_id = owner.authorization_id AND token.spent_at IS NULL) AS unspent_tokens
      FROM latchkey_authorization AS owner
      WHERE owner.revoked_at IS NULL
    `)
  ).map((row) => [Number(row['access_tokens']), Number(row['refresh_tokens']), Number(row['unspent_tokens'])] as const)
  for (const [access, refresh, unspent] of signIns)
    expect({ access, refresh, unspent }).toEqual({ access: refresh, refresh, unspent: 1 })
  // A rotation that was answered 503 and yet committed is the one that its retry was answered with.
  const rotations = (all: readonly number[]): number[] => all.filter((count) => count > 0).sort((a, b) => a - b)
  expect(rotations(signIns.map(([, refresh]) => refresh - 1))).toEqual(
    rotations(chains.map((chain) => chain.rotations)),
  )
}
