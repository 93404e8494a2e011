import { describe, expect, it } from 'vitest'
import { sendRaw } from '../fixtures/raw-http.js'
import { shown } from '../fixtures/shown-answer.js'
import { basic, secretOf, testServer } from '../fixtures/test-server.js'

describe('a request target', () => {
  it.each(['/oauth/token', 'http://api.example.com/oauth/token', 'https://else.example/oauth/token?a=b'])(
    'in origin-form and in absolute-form is the same endpoint: %s',
    async (target) => {
      const server = testServer()
      const headers = [
        'Content-Type: application/x-www-form-urlencoded',
        `Authorization: ${basic('stock-sync', secretOf('stock-sync'))}`,
      ]
      const answer = await sendRaw(
        server.http,
        [`POST ${target} HTTP/1.1`, ...headers],
        'grant_type=client_credentials',
      )
      expect(shown(answer)).toMatchObject({ status: 200, body: { token_type: 'Bearer', scope: 'stock:write' } })
    },
  )
})
