import Database from 'better-sqlite3'
import { createClient, digestClientSecret, type ConfidentialClient } from 'latchkey'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RotationOutcome } from '../../lib/stores/token-store.js'
import { newRotation, newSignIn, type Rotation } from '../../lib/testing/token-records.js'
import { compileStores, type CompiledStores } from './processes/compile-stores.js'
import { runProcesses } from './processes/run-processes.js'

let compiled: CompiledStores
let folder: string
let file: string

beforeAll(() => {
  compiled = compileStores()
})
afterAll(() => compiled.remove())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-processes-'))
  file = join(folder, 'latchkey.db')
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('processes that share a SQLite file', () => {
  it('two of them let as many attempts fail as one, of a hundred at once', async () => {
    openSqliteStores(file).close()
    const task = { args: [compiled.sqlite, file, 'alice'] }
    const answers = (await runProcesses('count-failures.mjs', [task, task])) as string[][]
    expect(answers.flat()).toHaveLength(100)
    expect(answers.flat().filter((answer) => answer === 'allowed')).toHaveLength(5)
  })

  it('two of them, with 25 rotations each, spend a refresh token once', async () => {
    const stores = openSqliteStores(file)
    const signIns = Array.from({ length: 20 }, () => newSignIn())
    for (const signIn of signIns) stores.tokens.saveTokens(signIn)

    // Twenty tokens one after the other, all again in the next round: the processes meet at the same token many times.
    const rounds = Array.from({ length: 50 }, () => signIns.map((signIn) => newRotation(signIn)))
    const halves = [rounds.slice(0, 25).flat(), rounds.slice(25).flat()]
    const data = { file }
    const tasks = halves.map((rotations) => ({ args: ['sqlite', compiled.sqlite], message: { data, rotations } }))
    const answers = (await runProcesses('rotate-elsewhere.mjs', tasks)) as { readonly outcomes: RotationOutcome[] }[]

    const outcomes = answers.flatMap((answer) => answer.outcomes)
    const attempts = halves.flat().map((rotation, index) => ({ rotation, outcome: outcomes[index] }))
    for (const { refreshToken, authorization } of signIns) {
      const ofToken = attempts.filter(({ rotation }) => rotation.presented === refreshToken.tokenHash)
      const winners = ofToken.filter(({ outcome }) => outcome?.outcome === 'rotated')
      const losers = ofToken.filter(({ outcome }) => outcome?.outcome !== 'rotated')
      expect([winners.length, losers.length]).toEqual([1, 49])

      const winner = winners[0]!.rotation
      const { spending } = winner
      expect(losers.map(({ outcome }) => outcome)).toEqual(losers.map(() => ({ outcome: 'already_spent', spending })))
      expect(ofToken.filter(({ rotation }) => isStored(rotation)).map(({ rotation }) => rotation)).toEqual([winner])
      const successor = stores.tokens.findRefreshToken(winner.refreshToken.tokenHash)
      expect(successor).toEqual({ ...winner.refreshToken, authorization, spending: undefined })
    }
    stores.close()

    function isStored({ accessToken, refreshToken }: Rotation): boolean {
      const access = stores.tokens.findAccessToken(accessToken.tokenHash)
      const refresh = stores.tokens.findRefreshToken(refreshToken.tokenHash)
      return access !== undefined || refresh !== undefined
    }
  })

  it('two of them that rotate the secret of a client keep every new secret', async () => {
    const { client, clientSecret } = createClient({ grantTypes: ['client_credentials'], scopes: ['orders:read'] })
    const { clientId } = client
    const stores = openSqliteStores(file)
    stores.clients.saveClient(client)
    const args = [compiled.sqlite, compiled.clients, file, clientId]
    const answers = (await runProcesses('rotate-secrets.mjs', [{ args }, { args }])) as string[][]
    const secrets = answers.flat()
    expect(new Set(secrets).size).toBe(50)
    const found = stores.clients.findClient(clientId) as ConfidentialClient
    const digests = [clientSecret, ...secrets].map(digestClientSecret)
    expect(found.secrets.map(({ digest }) => digest).sort()).toEqual(digests.sort())
    stores.close()
  })

  it('a client whose registration somebody wrote by hand can be replaced', () => {
    const stores = openSqliteStores(file)
    const database = new Database(file)
    const spaced = `{ "clientType": "public", "clientId": "by-hand",\n "authMethods": ["none"], "grantTypes": [], "scopes": [] }`
    database.prepare('INSERT INTO latchkey_client (client_id, registration) VALUES (?, ?)').run('by-hand', spaced)
    database.close()
    const current = stores.clients.findClient('by-hand')!
    expect(stores.clients.replaceClient({ ...current, name: 'other' }, { ...current, name: 'next' })).toBe(false)
    expect(stores.clients.replaceClient(current, { ...current, name: 'next' })).toBe(true)
    expect(stores.clients.findClient('by-hand')).toEqual({ ...current, name: 'next' })
    stores.close()
  })

  it('four of them that open a new file at once apply each migration once, and all can write', async () => {
    const names = ['a', 'b', 'c', 'd']
    for (const round of [1, 2, 3]) {
      const newFile = join(folder, `round-${round}.db`)
      const answers = await runProcesses(
        'open.mjs',
        names.map((name) => ({ args: [compiled.sqlite, newFile, name] })),
      )
      expect(answers).toEqual(names.map(() => 'saved'))
      const stores = openSqliteStores(newFile)
      expect(stores.clients.listClients().map(({ clientId }) => clientId)).toEqual(names)
      stores.close()
    }
  })
})
