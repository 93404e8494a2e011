import express from 'express'
import { StoreUnavailableError, type Client, type ClientStore } from 'latchkey'
import { Passport } from 'passport'
import { beforeAll, describe, expect, it } from 'vitest'
import { observe, type Observed } from '../fixtures/observed.js'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { clients, digestOf, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

interface Row {
  readonly what: string
  readonly lines?: readonly string[]
  /** Added to a form that is otherwise in order. */
  readonly form?: string
  readonly status: number
}

const raw = (credentials: string): string =>
  `Authorization: Basic ${Buffer.from(credentials, 'latin1').toString('base64')}`
const good = basicLine('stock-sync')

/** Failures of clients that authenticate by HTTP Basic, or should have. */
const basicRows: readonly Row[] = [
  { what: 'no credentials', status: 401 },
  { what: 'an empty header', lines: ['Authorization:'], status: 401 },
  { what: 'another scheme', lines: ['Authorization: Bearer abc'], status: 401 },
  { what: 'a scheme that only begins like it', lines: [good.replace('Basic', 'BasicX')], status: 401 },
  { what: 'a scheme that only contains it', lines: [good.replace('Basic', 'NotBasicAtAll')], status: 401 },
  { what: 'the scheme alone', lines: ['Authorization: Basic'], status: 401 },
  { what: 'no Base64', lines: ['Authorization: Basic §§§'], status: 401 },
  { what: 'sloppy Base64', lines: [good.replace('c3RvY2s', 'c3Rv-Y2s')], status: 401 },
  { what: 'junk behind the credentials', lines: [`${good} junk`], status: 401 },
  { what: 'no colon', lines: [raw('stock-sync')], status: 401 },
  { what: 'no id', lines: [raw(`:${secretOf('stock-sync')}`)], status: 401 },
  { what: 'no secret', lines: [raw('stock-sync:')], status: 401 },
  { what: 'a NUL in the secret', lines: [raw('stock-sync:a\0b')], status: 401 },
  { what: 'an octet beyond ASCII', lines: [raw('stock-sync:caf\xe9')], status: 401 },
  { what: 'a broken escape', lines: [raw('stock-sync:%zz')], status: 401 },
  { what: 'an unknown client', lines: [basicLine('nobody')], status: 401 },
  { what: 'an unknown client with an odd name', lines: [basicLine('{"$ne":""}')], status: 401 },
  { what: 'a wrong secret', lines: [basicLine('stock-sync', 'wrong')], status: 401 },
  {
    what: 'the secret, longer by a colon',
    lines: [basicLine('stock-sync', `${secretOf('stock-sync')}:x`)],
    status: 401,
  },
  { what: 'the secret up to a colon', lines: [basicLine('colon-app', 'first')], status: 401 },
  { what: 'a disabled client', lines: [basicLine('disabled-app')], status: 401 },
  { what: 'a client that must not use Basic', lines: [basicLine('post-app')], status: 401 },
  { what: 'a public client', lines: [raw('spa:')], status: 401 },
  { what: 'the header twice', lines: [good, good], status: 400 },
  { what: 'two schemes', lines: [good, 'Authorization: Bearer abc'], status: 400 },
  { what: 'a secret in the form too', lines: [good], form: '&client_secret=x', status: 400 },
  {
    what: 'the same credentials in the form too',
    lines: [good],
    form: `&client_id=stock-sync&client_secret=${secretOf('stock-sync')}`,
    status: 400,
  },
  { what: 'another client in the form', lines: [good], form: '&client_id=shop-app', status: 400 },
  {
    what: 'the client twice in the form',
    lines: [good],
    form: '&client_id=stock-sync&client_id=stock-sync',
    status: 400,
  },
  { what: 'a list for the client', lines: [good], form: '&client_id[]=stock-sync&client_id[]=shop-app', status: 400 },
  { what: 'an object for the client', lines: [good], form: '&client_id[$ne]=x', status: 400 },
  { what: 'octets that are not UTF-8', lines: [good], form: '&client_id=%ff', status: 400 },
  { what: 'a store that throws', lines: [basicLine('throws')], status: 500 },
  { what: 'a store that rejects', lines: [basicLine('rejects')], status: 500 },
  { what: 'a store out of reach', lines: [basicLine('unavailable')], status: 503 },
  {
    what: 'a store that answers another client',
    lines: [basicLine('STOCK-SYNC', secretOf('stock-sync'))],
    status: 401,
  },
]

/** Failures of clients that send their credentials in the form. */
const postRows: readonly Row[] = [
  { what: 'a wrong secret', form: '&client_id=post-app&client_secret=wrong', status: 401 },
  { what: 'an unknown client', form: '&client_id=nobody&client_secret=wrong', status: 401 },
  { what: 'a disabled client', form: `&client_id=disabled-app&client_secret=${secretOf('disabled-app')}`, status: 401 },
  {
    what: 'a client that must use Basic',
    form: `&client_id=stock-sync&client_secret=${secretOf('stock-sync')}`,
    status: 401,
  },
  { what: 'a secret without a client', form: '&client_secret=wrong', status: 401 },
  { what: 'an octet beyond ASCII', form: '&client_id=post-app&client_secret=%C3%A9', status: 401 },
  { what: 'the secret twice', form: '&client_id=post-app&client_secret=a&client_secret=b', status: 400 },
  { what: 'an object for the secret', form: '&client_id=post-app&client_secret[$ne]=', status: 400 },
  {
    what: 'a header of another scheme',
    lines: ['Authorization: Bearer abc'],
    form: '&client_id=post-app&client_secret=x',
    status: 400,
  },
  { what: 'a store that throws', form: '&client_id=throws&client_secret=x', status: 500 },
  { what: 'a store out of reach', form: '&client_id=unavailable&client_secret=x', status: 503 },
]

const colonApp = {
  ...clients.find(({ clientId }) => clientId === 'stock-sync')!,
  clientId: 'colon-app',
  secrets: [{ digest: digestOf('first:second') }],
} as Client
const known = new Map([...clients, colonApp].map((client) => [client.clientId, client]))
/** The request that the store was asked for last. */
let askedBy = ''
const store: ClientStore = {
  findClient(clientId, { requestId }) {
    askedBy = requestId
    if (clientId === 'throws') throw new Error('secret detail')
    if (clientId === 'rejects') return Promise.reject(new Error('secret detail'))
    if (clientId === 'unavailable') throw new StoreUnavailableError('no connection', { retryAfterSeconds: 7 })
    return known.get(clientId.toLowerCase())
  },
}

let server: TestServer

describe.each([4, 5] as const)('Passport’s strategies for clients on Express %i', (major) => {
  beforeAll(() => {
    server = clientServer(major)
  })

  it.each(basicRows)('respond as the token endpoint does: $what', async (row) => {
    const endpoint = await post('/oauth/token', row)
    expect(endpoint.status).toBe(row.status)
    expect(await post('/basic', row)).toEqual(endpoint)
    const chain = await post('/chain', row)
    expect(chain.octets).toEqual(endpoint.octets)
    expect(chain.events).toEqual(endpoint.events)
  })

  it.each(postRows)('respond as the token endpoint does to a form: $what', async (row) => {
    const endpoint = await post('/oauth/token', row)
    expect(endpoint.status).toBe(row.status)
    expect(await post('/password', row)).toEqual(endpoint)
    expect(await post('/chain', row)).toEqual(endpoint)
  })

  it('give the store and the operator the same request id', async () => {
    for (const path of ['/oauth/token', '/basic', '/chain']) {
      for (const [clientId, told] of [
        ['nobody', 2],
        ['throws', 1],
        ['rejects', 1],
      ] as const) {
        await post(path, { what: '', lines: [basicLine(clientId)], status: 0 })
        expect(server.events.map(({ requestId }) => requestId)).toEqual(Array(told).fill(askedBy))
      }
    }
  })

  it('accept a client that is registered for their method, and show it without its secrets', async () => {
    const stockSync = JSON.stringify({ ...known.get('stock-sync'), secrets: undefined })
    const postApp = JSON.stringify({ ...known.get('post-app'), secrets: undefined })
    const byForm = { what: '', form: `&client_id=post-app&client_secret=${secretOf('post-app')}`, status: 200 }
    const byBasic = { what: '', lines: [good], form: '&client_id=stock-sync', status: 200 }
    for (const path of ['/basic', '/chain']) {
      const { status, octets, events } = await post(path, byBasic)
      expect([status, bodyOf(octets), events]).toEqual([200, stockSync, []])
    }
    for (const path of ['/password', '/chain']) {
      const { status, octets, events } = await post(path, byForm)
      expect([status, bodyOf(octets), events]).toEqual([200, postApp, []])
    }
    const withColon = { what: '', lines: [raw('colon-app:first:second')], status: 200 }
    expect((await post('/basic', withColon)).status).toBe(200)
    expect((await post('/basic', byForm)).status).toBe(401)
    expect((await post('/password', byBasic)).status).toBe(401)
  })
})

function clientServer(major: 4 | 5): TestServer {
  return testServer({
    express: major,
    server: { clients: store },
    before: (app) => app.use(express.urlencoded({ extended: true })),
    routes(app, oauth) {
      const passport = new Passport()
      passport.use(oauth.strategies.clientBasic())
      passport.use(oauth.strategies.clientPassword())
      app.post('/basic', passport.authenticate('basic'), showUser)
      app.post('/password', passport.authenticate('oauth2-client-password'), showUser)
      app.post('/chain', passport.authenticate(['basic', 'oauth2-client-password']), showUser)
    },
  })
}

function showUser(req: express.Request, res: express.Response): void {
  if (!Object.isFrozen(req.user) || Object.getPrototypeOf(req.user) !== Object.prototype)
    throw new Error('no plain user')
  res.json(req.user)
}

function post(path: string, { lines = [], form = '' }: Row): Promise<Observed> {
  const head = [`POST ${path} HTTP/1.1`, formLine, ...lines]
  return observe(server, head, `grant_type=client_credentials${form}`)
}

function bodyOf(octets: string): string {
  return octets.slice(octets.indexOf('\r\n\r\n') + 4)
}
