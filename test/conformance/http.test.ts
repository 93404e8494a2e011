import { describe, expect, it } from 'vitest'
import { ConfigurationError } from 'latchkey'
import { basicLine, formLine } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { invalidClient, issued, refused, shown } from '../fixtures/shown-answer.js'
import { testServer } from '../fixtures/test-server.js'

const good = 'grant_type=client_credentials'
const post = ['POST /oauth/token HTTP/1.1', formLine, basicLine()]
const onlyPost = refused(405, 'invalid_request', 'Only POST is allowed here')
const inQuery = refused(400, 'invalid_request', 'Credentials and tokens must not be sent in the query')

describe.each([4, 5] as const)('methods and paths, Express %i', (express) => {
  it('refuses GET with any query (HTP-01)', async () => {
    const server = testServer({ express })
    for (const query of ['', `?${good}`, `?${good}&client_id=post-app&client_secret=post-app-secret-of-256-bits`]) {
      const answer = await sendRaw(server.http, [`GET /oauth/token${query} HTTP/1.1`, basicLine()])
      expect(shown(answer)).toEqual(onlyPost)
      expect(answer.headers['allow']).toBe('POST')
    }
    expect(server.events.map(({ type }) => type)).toEqual(['warning', ...Array<string>(3).fill('request_refused')])
  })

  it.each(['PUT', 'DELETE', 'PATCH', 'PROPFIND'])(
    'refuses %s, also with an override to POST (HTP-02)',
    async (method) => {
      const lines = [`${method} /oauth/token HTTP/1.1`, formLine, basicLine(), 'X-HTTP-Method-Override: POST']
      const answer = await sendRaw(testServer({ express }).http, lines, good)
      expect(shown(answer)).toEqual(onlyPost)
      expect(answer.headers['allow']).toBe('POST')
    },
  )

  it('refuses HEAD, without a body (HTP-02)', async () => {
    const answer = await sendRaw(testServer({ express }).http, ['HEAD /oauth/token HTTP/1.1', basicLine()])
    expect(shown(answer)).toEqual({ ...onlyPost, body: '' })
    expect(answer.headers['allow']).toBe('POST')
  })

  it('responds to OPTIONS with the allowed methods, and no CORS headers (HTP-03, HTP-24)', async () => {
    const lines = [
      'OPTIONS /oauth/token HTTP/1.1',
      'Origin: https://evil.example',
      'Access-Control-Request-Method: POST',
    ]
    const { status, headers, text } = await sendRaw(testServer({ express }).http, lines)
    expect({ status, headers, text }).toEqual({
      status: 204,
      headers: {
        allow: 'POST',
        'cache-control': 'no-store',
        pragma: 'no-cache',
        'request-id': headers['request-id'],
        date: headers['date'],
        connection: 'close',
      },
      text: '',
    })
  })

  it.each(['/oauth/token/', '/oauth//token', '//oauth/token', '/OAuth/Token', '/oauth/token%20'])(
    'does not redirect from a path that is nearly right: %s (HTP-23)',
    async (path) => {
      const answer = await sendRaw(testServer({ express }).http, [`POST ${path} HTTP/1.1`, ...post.slice(1)], good)
      expect(answer.status).toBe(404)
      expect(answer.headers['location']).toBeUndefined()
    },
  )

  it.each([
    'client_secret',
    'password',
    'refresh_token',
    'token',
    'client_assertion',
    'client%5Fsecret',
    'a=b&password',
  ])('refuses a good request with this in the query: %s (HTP-14)', async (name) => {
    const lines = [`POST /oauth/token?${name}=x HTTP/1.1`, ...post.slice(1)]
    expect(shown(await sendRaw(testServer({ express }).http, lines, good))).toEqual(inQuery)
  })

  it('reads nothing from the query (HTP-14)', async () => {
    const { http } = testServer({ express })
    const all = `${good}&scope=stock:write`
    const withoutForm = await sendRaw(http, [`POST /oauth/token?${all} HTTP/1.1`, ...post.slice(1)])
    expect(shown(withoutForm)).toEqual(refused(400, 'invalid_request', 'The parameter grant_type is missing'))
    const withScope = await sendRaw(http, [`POST /oauth/token?scope=profile HTTP/1.1`, ...post.slice(1)], good)
    expect(shown(withScope)).toEqual(issued('stock:write'))
    const withId = await sendRaw(http, ['POST /oauth/token?client_id=spa HTTP/1.1', formLine], good)
    expect(shown(withId)).toEqual(invalidClient)
  })

  it('serves its path with any query, and has no fragment (HTP-15)', async () => {
    const { http } = testServer({ express, server: { tokenPath: '/t' } })
    const answer = await sendRaw(http, ['POST /t?tenant=1 HTTP/1.1', ...post.slice(1)], good)
    expect(shown(answer)).toEqual(issued('stock:write'))
    expect(() => testServer({ server: { tokenPath: '/t#x' } })).toThrow(ConfigurationError)
  })

  it('leaves the framing of requests to Node, which refuses ambiguous ones (HTP-25)', async () => {
    const server = testServer({ express })
    const answer = await sendRaw(server.http, [...post, 'Content-Length: 29', 'Transfer-Encoding: chunked'])
    expect(answer.octets).toBe('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    expect(server.events.map(({ type }) => type)).toEqual(['warning'])
  })
})
