import { describe, expect, it } from 'vitest'
import { hasher, testServer } from '../fixtures/test-server.js'
import { describeFloodedAccount, floodedServer, guess, home, listen, signIn } from './flooded-account.js'
import { flood } from './throttle-flood.js'

describeFloodedAccount(400)

describe('wrong passwords for one account', () => {
  it('300 of them with real bcrypt: five are hashed', async () => {
    const server = floodedServer(hasher, testServer)
    await listen(server)
    expect((await signIn(server, 'alice', "alice's password", home)).status).toBe(200)
    const flooding = flood(server.http, 300, (i) => guess(i, '203.0.113.66'))
    expect((await signIn(server, 'alice', "alice's password", home)).status).toBe(200)
    expect(await flooding).toEqual([
      [400, 5],
      [429, 295],
    ])
    expect(server.counter.hashes).toBe(5)
    server.http.close()
  })
})
