import request from 'supertest'

import { describe, expect, it } from 'vitest'
import { basicLine, formLine, postToken } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { invalidClient, refused, shown } from '../fixtures/shown-answer.js'
import { clients, secretOf, testServer } from '../fixtures/test-server.js'

const good = 'grant_type=client_credentials'
const alice = "grant_type=password&username=alice&password=alice's+password"
const postApp = `client_id=post-app&client_secret=${secretOf('post-app')}`

describe('where documents conflict', () => {
  it('two client authentication methods are an invalid request, even if both are right (DEC-01)', async () => {
    const several = refused(400, 'invalid_request', 'Only one client authentication method may be used in a request')
    const both = {
      ...clients.find(({ clientId }) => clientId === 'post-app')!,
      authMethods: ['client_secret_basic', 'client_secret_post'],
    }
    const server = testServer({ moreClients: [both as never] })
    for (const secret of [secretOf('post-app'), 'wrong']) {
      const lines = ['POST /oauth/token HTTP/1.1', formLine, basicLine('post-app', secret)]
      expect(shown(await sendRaw(server.http, lines, `${good}&${postApp}`))).toEqual(several)
    }
  })

  it.each([
    ['a wrong secret in the form', `${good}&client_id=post-app&client_secret=wrong`],
    ['a secret without an id', `${good}&client_secret=wrong`],
    ['an id without its secret', `${good}&client_id=post-app`],
    ['no credentials at all', good],
  ])('a client that fails to authenticate gets 401 with a challenge, also for %s (DEC-02)', async (_what, form) => {
    const post = request(testServer().http).post('/oauth/token').type('form')
    expect(shown(await post.send(form))).toEqual(invalidClient)
  })

  it.each(['Basic', 'Basic ', 'Basic %%%', 'Basic YQ', 'Basic YTpi YTpi', 'Basic 4pyT', 'Basic JTp4'])(
    'credentials that cannot be decoded fail to authenticate: %s (DEC-03)',
    async (authorization) => {
      const lines = ['POST /oauth/token HTTP/1.1', formLine, `Authorization: ${authorization}`]
      expect(shown(await sendRaw(testServer().http, lines, good))).toEqual(invalidClient)
    },
  )

  it('the password grant must be listed, and needs a first-party client (DEC-12)', async () => {
    const notFirstParty = { ...clients.find(({ clientId }) => clientId === 'shop-app')!, firstParty: false }
    const server = testServer({ moreClients: [notFirstParty] })
    const unauthorized = refused(400, 'unauthorized_client', 'This client may not use the password grant')
    expect(shown(await postToken(server, alice, 'shop-app'))).toEqual(unauthorized)
    expect(server.events[0]).toMatchObject({ type: 'warning', code: 'password_grant_enabled' })
  })
})
