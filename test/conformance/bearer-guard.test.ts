import express5 from 'express'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { sendRaw } from '../fixtures/raw-http.js'
import { answered, bearerChallenge, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import { basic, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

/** The answer to a request without bearer credentials: a challenge, and nothing that says that anything is wrong. */
const anonymous = answered(401, {}, { challenge: bearerChallenge })

function malformed(description: string): ShownAnswer {
  const challenge = `${bearerChallenge}, error="invalid_request", error_description="${description}"`
  return answered(400, { error: 'invalid_request', error_description: description }, { challenge })
}

const badHeader = malformed('The Authorization header is malformed')
const twoWays = malformed('The access token is sent in more than one way')
const twoHeaders = malformed('The Authorization header is repeated')

describe.each([4, 5] as const)('where a guard reads the token, Express %i', (express) => {
  let server: TestServer
  let token: string

  beforeEach(async () => {
    server = testServer({
      express,
      before: (app) => app.use(express5.urlencoded({ extended: false }), express5.json()),
      routes: (app, oauth) => app.post('/orders', oauth.requireBearer(), (req, res) => res.json(req.auth)),
    })
    const http = request(server.http).post('/oauth/token').type('form')
    const { body } = await http
      .set('Authorization', basic('shop-app', secretOf('shop-app')))
      .send('grant_type=client_credentials')
    token = String(body.access_token)
  })

  async function get(authorization?: string, query = ''): Promise<ShownAnswer> {
    const http = request(server.http).get(`/orders${query}`)
    return shown(await (authorization === undefined ? http : http.set('Authorization', authorization)))
  }

  async function expectAccepted(authorization: string): Promise<void> {
    const { body, status } = await request(server.http).get('/orders').set('Authorization', authorization)
    expect(status).toBe(200)
    expect(body).toEqual({
      actsFor: 'client',
      clientId: 'shop-app',
      scope: 'orders:read orders:write',
      audience: [],
      claims: {},
      issuedAt: server.now(),
      expiresAt: server.now() + 3600,
    })
  }

  describe('the Authorization header', () => {
    it('is read, with the scheme in any case and any number of spaces behind it (BRR-01, BRR-02, BRR-03)', async () => {
      for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
        await expectAccepted(`${scheme} ${token}`)
        await expectAccepted(`${scheme}     ${token}`)
      }
    })

    it.each([
      ['two tokens', 'Bearer TOKEN TOKEN'],
      ['a list', 'Bearer TOKEN,TOKEN'],
      ['two credentials', 'Bearer TOKEN, Bearer TOKEN'],
      ['a comma behind the scheme', 'Bearer, TOKEN'],
      ['a comma at the end', 'Bearer TOKEN,'],
      ['a quoted token', 'Bearer "TOKEN"'],
      ['a tab as the separator', 'Bearer\tTOKEN'],
      ['a tab behind the space', 'Bearer \tTOKEN'],
      ['a named parameter', 'Bearer token=TOKEN'],
      ['padding in front', 'Bearer =TOKEN'],
      ['padding in the middle', 'Bearer TOKEN=x'],
      ['a percent escape', 'Bearer TOKEN%20'],
      ['what is not ASCII', 'Bearer TOKEN\xE9'],
      ['something that is no token', 'Bearer {TOKEN}'],
    ])('with %s is malformed and gets 400, without a guess at the token (BRR-04)', async (_what, template) => {
      expect(await get(template.replaceAll('TOKEN', token))).toEqual(badHeader)
    })

    it('a token of all the characters that it may have is looked up, and unknown (BRR-03)', async () => {
      const description = 'The access token is invalid, expired or revoked'
      const challenge = `${bearerChallenge}, error="invalid_token", error_description="${description}"`
      const unknown = answered(401, { error: 'invalid_token', error_description: description }, { challenge })
      expect(await get('Bearer AZaz09-._~+/==')).toEqual(unknown)
      expect(await get(`Bearer ${token}=`)).toEqual(unknown)
      expect(await get(`Bearer ${token.toLowerCase()}`)).toEqual(unknown)
    })

    it('if absent or empty leads to a challenge without an error (BRR-05)', async () => {
      expect(await get()).toEqual(anonymous)
      expect(await get('')).toEqual(anonymous)
      expect(await get('   ')).toEqual(anonymous)
      // The scheme without a token, as a page sends it that has none yet (24).
      for (const scheme of ['Bearer', 'Bearer ', 'bearer    ']) expect(await get(scheme)).toEqual(anonymous)
    })

    it.each([
      basic('shop-app', secretOf('shop-app')),
      'Digest username="a", realm="b"',
      'Negotiate YII=',
      'DPoP TOKEN',
      'Bearers TOKEN',
      'xBearer TOKEN',
      'TOKEN',
    ])('of another scheme leads to a challenge without an error: %s (BRR-06)', async (template) => {
      expect(await get(template.replace('TOKEN', token))).toEqual(anonymous)
    })

    it.each([
      ['right, wrong', ['Bearer TOKEN', 'Bearer wrong']],
      ['wrong, right', ['Bearer wrong', 'Bearer TOKEN']],
      ['the same twice', ['Bearer TOKEN', 'Bearer TOKEN']],
      ['another scheme, right', ['Basic eDp5', 'Bearer TOKEN']],
      ['right, empty', ['Bearer TOKEN', '']],
    ])('if repeated leads to 400: %s (BRR-28)', async (_what, lines) => {
      const headers = lines.map((line, index) => `${index === 0 ? 'Authorization' : 'aUTHORIZATION'}: ${line}`)
      const answer = await sendRaw(server.http, [
        'GET /orders HTTP/1.1',
        ...headers.map((h) => h.replace('TOKEN', token)),
      ])
      expect(shown(answer)).toEqual(twoHeaders)
    })

    it('is not Proxy-Authorization (BRR-39)', async () => {
      const http = request(server.http).get('/orders')
      expect(shown(await http.set('Proxy-Authorization', `Bearer ${token}`))).toEqual(anonymous)
    })
  })

  describe('anywhere else', () => {
    it('the query is not read (BRR-13)', async () => {
      expect(await get(undefined, `?access_token=${token}`)).toEqual(anonymous)
      expect(await get(basic('a', 'b'), `?access_token=${token}`)).toEqual(anonymous)
    })

    it('a token in the query beside one in the header is refused, even if they are the same (BRR-14)', async () => {
      for (const query of [`?access_token=${token}`, '?access_token=', '?a=b&access%5Ftoken=x', '?access_token']) {
        expect(await get(`Bearer ${token}`, query)).toEqual(twoWays)
      }
    })

    it('the names of other parameters do not matter (BRR-14)', async () => {
      const http = request(server.http).get('/orders?Access_Token=x&my_access_token=y&q=access_token')
      expect((await http.set('Authorization', `Bearer ${token}`)).status).toBe(200)
    })

    it.each([
      ['a form', 'application/x-www-form-urlencoded', 'access_token=TOKEN'],
      ['JSON', 'application/json', '{"access_token":"TOKEN"}'],
      ['plain text', 'text/plain', 'access_token=TOKEN'],
      [
        'multipart',
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="access_token"\r\n\r\nTOKEN\r\n--x--',
      ],
    ])('the body is not read: %s (BRR-12)', async (_what, type, template) => {
      const body = template.replace('TOKEN', token)
      expect(shown(await request(server.http).post('/orders').type(type).send(body))).toEqual(anonymous)
      expect(shown(await request(server.http).get('/orders').type(type).send(body))).toEqual(anonymous)
    })

    it('a token in a form beside one in the header is refused, even if they are the same (BRR-10)', async () => {
      const http = request(server.http).post('/orders').type('form').set('Authorization', `Bearer ${token}`)
      expect(shown(await http.send({ access_token: token }))).toEqual(twoWays)
    })

    it('access_token in a body that is not a form is ignored (BRR-10)', async () => {
      const http = request(server.http).post('/orders').set('Authorization', `Bearer ${token}`)
      expect((await http.send({ access_token: { $ne: '' } })).status).toBe(200)
    })

    it('several tokens in the query or in a form: none is chosen, and beside a header they are refused (BRR-11)', async () => {
      const twice = `access_token=${token}&access_token=${token}`
      expect(await get(undefined, `?${twice}`)).toEqual(anonymous)
      expect(await get(`Bearer ${token}`, `?${twice}`)).toEqual(twoWays)
      expect(shown(await request(server.http).post('/orders').send(twice))).toEqual(anonymous)
      const http = request(server.http).post('/orders').set('Authorization', `Bearer ${token}`)
      expect(shown(await http.send(twice))).toEqual(twoWays)
    })
  })
})
