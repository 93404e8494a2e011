import request from 'supertest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { postToken } from '../fixtures/post-token.js'
import { testServer } from '../fixtures/test-server.js'

describe('a listener that fails', () => {
  const rejections: unknown[] = []
  const heard = (reason: unknown): void => void rejections.push(reason)
  beforeEach(() => {
    rejections.length = 0
    process.on('unhandledRejection', heard)
  })
  afterEach(() => {
    process.off('unhandledRejection', heard)
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('log disk full')
      },
    ],
    ['rejects', () => Promise.reject(new Error('log disk full'))],
    ['rejects later', async () => new Promise((_resolve, reject) => setTimeout(reject, 1, new Error('log disk full')))],
    ['answers a thenable of its own that rejects', () => ({ then: (_ok: unknown, no: () => void) => no() })],
    ['answers a thenable of its own that throws', () => ({ then: throwing })],
    ['never ends', () => new Promise(() => undefined)],
    ['answers rubbish', () => Symbol('x')],
  ])('and %s changes no response and leaves no unhandled rejection', async (_what, onEvent) => {
    const server = testServer({ server: { onEvent } })
    expect((await postToken(server, 'grant_type=client_credentials')).status).toBe(200)
    expect((await postToken(server, 'grant_type=x')).body).toMatchObject({ error: 'unsupported_grant_type' })
    expect((await request(server.http).get('/orders').set('Authorization', 'Bearer x')).status).toBe(401)
    await server.oauth.authorizations.revoke({ everything: true })
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(rejections).toEqual([])
  })

  it('cannot change what others see: it gets its own object', async () => {
    const server = testServer({
      server: {
        onEvent: (event) => {
          Object.assign(event, { type: 'changed', scope: 'admin', clientId: 'admin' })
        },
      },
    })
    expect((await postToken(server, 'grant_type=client_credentials')).body).toMatchObject({ scope: 'stock:write' })
  })
})

function throwing(): never {
  throw new Error('log disk full')
}
