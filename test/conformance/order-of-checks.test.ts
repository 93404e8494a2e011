import { describe, expect, it } from 'vitest'
import { basicLine, postToken, signIn } from '../fixtures/post-token.js'
import { sendRaw, type RawAnswer } from '../fixtures/raw-http.js'
import {
  invalidClient,
  issued,
  refused,
  shown,
  scopeWords,
  repeatedWords,
  unsupportedWords,
} from '../fixtures/shown-answer.js'
import { testServer, type TestServer } from '../fixtures/test-server.js'

const repeated = refused(400, 'invalid_request', repeatedWords)
const invalidScope = refused(400, 'invalid_scope', scopeWords)

/** A token request, part by part. */
interface Parts {
  readonly method: string
  readonly query: string
  readonly length: readonly string[]
  readonly encoding: readonly string[]
  readonly contentType: string
  readonly authorization: readonly string[]
  readonly form: string
}

function send({ http }: TestServer, parts: Parts): Promise<RawAnswer> {
  const { method, query, length, encoding, contentType, authorization, form } = parts
  const lines = [`${method} /oauth/token${query} HTTP/1.1`, contentType, ...encoding, ...authorization, ...length]
  return sendRaw(http, lines, length.length > 0 ? '' : form)
}

const form = 'Content-Type: application/x-www-form-urlencoded'
const wrongSecret = basicLine('stock-sync', 'wrong')

const allWrong: Parts = {
  method: 'PUT',
  query: '?client_secret=x',
  length: ['Content-Length: 70000'],
  encoding: ['Content-Encoding: gzip'],
  contentType: 'Content-Type: text/plain',
  authorization: [wrongSecret, wrongSecret],
  form: 'a=%zz&scope=a&scope=b&client_secret=x',
}

describe('the order of checks', () => {
  it('reports the first failure, in the fixed order, of a request in which everything is wrong (ORD-01)', async () => {
    const server = testServer()
    const { refresh_token: refreshToken } = await signIn(server)
    const shopApp = [basicLine('shop-app')]
    const refresh = 'grant_type=refresh_token&scope=a'

    // Each step cures what the one before it was refused for; everything else stays wrong.
    const steps: readonly [cure: Partial<Parts>, status: number, error: string, description: string][] = [
      [{}, 405, 'invalid_request', 'Only POST is allowed here'],
      [{ method: 'POST' }, 413, 'invalid_request', 'The body is too large'],
      [{ length: [] }, 415, 'invalid_request', 'The body must not be compressed'],
      [{ encoding: [] }, 400, 'invalid_request', 'The body must be application/x-www-form-urlencoded'],
      [{ contentType: `${form}; charset=latin1` }, 400, 'invalid_request', 'The body must be UTF-8'],
      [{ contentType: form }, 400, 'invalid_request', 'Credentials and tokens must not be sent in the query'],
      [{ query: '' }, 400, 'invalid_request', 'The body is not form-encoded UTF-8'],
      [{ form: 'scope=a&scope=b&client_secret=x' }, 400, 'invalid_request', repeatedWords],
      [{ form: 'scope=a&client_secret=x' }, 400, 'invalid_request', 'The Authorization header is repeated'],
      [
        { authorization: [wrongSecret] },
        400,
        'invalid_request',
        'Only one client authentication method may be used in a request',
      ],
      [{ form: 'scope=a' }, 401, 'invalid_client', 'Client authentication failed'],
      [{ authorization: [basicLine()] }, 400, 'invalid_request', 'The parameter grant_type is missing'],
      [{ form: 'grant_type=a&scope=a' }, 400, 'unsupported_grant_type', unsupportedWords],
      [{ form: refresh }, 400, 'unauthorized_client', 'This client may not use this grant type'],
      [{ authorization: shopApp }, 400, 'invalid_request', 'The parameter refresh_token is missing'],
      [
        { form: `${refresh}&refresh_token=a` },
        400,
        'invalid_grant',
        'The refresh token is invalid, expired, revoked, or belongs to another client',
      ],
      [{ form: `${refresh}&refresh_token=${refreshToken}` }, 400, 'invalid_scope', scopeWords],
    ]
    let request = allWrong
    for (const [cure, status, error, description] of steps) {
      request = { ...request, ...cure }
      expect(shown(await send(server, request))).toEqual(refused(status, error, description))
    }
    expect(server.events.filter(({ type }) => type === 'tokens_issued')).toHaveLength(1)

    const cured = { ...request, form: `grant_type=refresh_token&refresh_token=${refreshToken}` }
    expect(shown(await send(server, cured))).toEqual(
      issued('orders:read orders:write', { refresh_token: expect.stringMatching(/^[\w-]{43}$/) }),
    )
  })

  it('reveals nothing about grants before the client is authenticated (ORD-02)', async () => {
    const server = testServer()
    const stranger = { ...allWrong, method: 'POST', query: '', length: [], encoding: [], contentType: form }
    for (const grantType of ['unknown', 'password', 'client_credentials', '']) {
      const request = { ...stranger, authorization: [wrongSecret], form: `grant_type=${grantType}` }
      expect(shown(await send(server, request))).toEqual(invalidClient)
    }
  })

  it('does not authenticate from a form that is ambiguous (ORD-03)', async () => {
    const server = testServer()
    const post = { ...allWrong, method: 'POST', query: '', length: [], encoding: [], contentType: form }
    const inHeader = { ...post, authorization: [wrongSecret], form: 'grant_type=client_credentials&scope=a&scope=b' }
    const inBody = { ...post, authorization: [], form: 'client_id=post-app&client_secret=wrong&client_secret=x' }
    expect(shown(await send(server, inHeader))).toEqual(repeated)
    expect(shown(await send(server, inBody))).toEqual(repeated)
    expect(server.events.map(({ type }) => type)).toEqual(['warning', 'request_refused', 'request_refused'])
  })

  it('judges scope only after the user is authenticated (ORD-04)', async () => {
    const server = testServer()
    const alice = 'grant_type=password&username=alice&scope=stock:write'
    expect(shown(await postToken(server, `${alice}&password=wrong`, 'shop-app'))).toEqual(
      refused(400, 'invalid_grant', 'The user name or the password is wrong'),
    )
    expect(shown(await postToken(server, `${alice}&password=alice's+password`, 'shop-app'))).toEqual(invalidScope)
  })
})
