import { ConfigurationError } from '../../../../lib/errors/configuration-error.js'
import { StoreUnavailableError } from '../../../../lib/errors/store-unavailable-error.js'
import { hashToken } from '../../../../lib/protocol/token-hash.js'
import { createMemoryStores, type MemoryStoresOptions } from 'latchkey/stores/memory'
import { describe, expect, it } from 'vitest'
import { clientTokens, rotation, signIn } from '../stored-records.js'

describe('a full memory store', () => {
  it('refuses a token that would not fit, and forgets no live one', () => {
    const { tokens } = storesAt(() => 100, { maxTokens: 3 })
    for (const name of ['a', 'b', 'c']) tokens.saveTokens(clientTokens(name, 3600))

    expect(() => tokens.saveTokens(clientTokens('d', 3600))).toThrow(
      new StoreUnavailableError('The memory store holds 3 live tokens (maxTokens)'),
    )
    expect(tokens.findAccessToken(hashToken('d'))).toBeUndefined()
    for (const name of ['a', 'b', 'c']) {
      expect({ ...tokens.findAccessToken(hashToken(name)) }).toEqual(clientTokens(name, 3600).accessToken)
    }
  })

  it('refuses a sign-in of which only one token would fit, and stores none of it', () => {
    const { tokens } = storesAt(() => 100, { maxTokens: 3 })
    tokens.saveTokens(signIn('alice'))
    expect(() => tokens.saveTokens(signIn('bob'))).toThrow(StoreUnavailableError)
    expect(tokens.findAccessToken(signIn('bob').accessToken.tokenHash)).toBeUndefined()
    expect(tokens.revokeTokens({ userId: 'bob' })).toBe(0)
  })

  it('refuses a rotation and spends nothing, but still tells of a spent token and an unknown one', () => {
    const { tokens } = storesAt(() => 100, { maxTokens: 4 })
    const alice = signIn('alice')
    tokens.saveTokens(alice)
    const first = rotation(alice, 'first')
    expect(tokens.rotateRefreshToken(first)).toEqual({ outcome: 'rotated' })

    const second = { ...rotation(alice, 'second'), presented: first.refreshToken.tokenHash }
    expect(() => tokens.rotateRefreshToken(second)).toThrow(StoreUnavailableError)
    expect(tokens.findRefreshToken(first.refreshToken.tokenHash)?.spending).toBeUndefined()
    const spent = { outcome: 'already_spent', spending: first.spending }
    expect(tokens.rotateRefreshToken(rotation(alice, 'third'))).toEqual(spent)
    const unknown = { ...rotation(alice, 'fourth'), presented: hashToken('unknown') }
    expect(tokens.rotateRefreshToken(unknown)).toEqual({ outcome: 'gone' })
  })

  it('has room again once tokens have expired', () => {
    let now = 100
    const { tokens } = storesAt(() => now, { maxTokens: 3 })
    for (const name of ['a', 'b', 'c']) tokens.saveTokens(clientTokens(name, 200))
    now = 199
    expect(() => tokens.saveTokens(clientTokens('d', 3600))).toThrow(StoreUnavailableError)
    now = 200
    for (const name of ['d', 'e', 'f']) tokens.saveTokens(clientTokens(name, 3600))
    expect(() => tokens.saveTokens(clientTokens('g', 3600))).toThrow(StoreUnavailableError)
  })

  it('has room again once sign-ins are revoked, from the next second on', () => {
    let now = 100
    const { tokens } = storesAt(() => now, { maxTokens: 4 })
    for (const name of ['alice', 'bob']) tokens.saveTokens(signIn(name))
    expect(() => tokens.saveTokens(signIn('carol'))).toThrow(StoreUnavailableError)
    expect(tokens.revokeTokens({ everything: true })).toBe(2)
    now = 101
    for (const name of ['carol', 'dave']) tokens.saveTokens(signIn(name))
  })
})

describe('expired tokens in a memory store', () => {
  it('go by and by as others are saved, without a timer', () => {
    let now = 0
    const { tokens } = storesAt(() => now)
    for (let index = 0; index < 1000; index++) tokens.saveTokens(clientTokens(`old ${index}`, 100))
    now = 100
    for (let index = 0; index < 600; index++) tokens.saveTokens(clientTokens(`new ${index}`, 3600))
    expect(countFound(tokens, 'old', 1000)).toBe(0)
    expect(countFound(tokens, 'new', 600)).toBe(600)
    expect(tokens.prune(now)).toBe(0)
  })

  it('go though tokens that live longer were saved before them', () => {
    let now = 0
    const { tokens } = storesAt(() => now)
    for (let index = 0; index < 500; index++) {
      tokens.saveTokens(clientTokens(`long ${index}`, 1_000_000))
      tokens.saveTokens(clientTokens(`short ${index}`, 100))
    }
    now = 100
    for (let index = 0; index < 1000; index++) tokens.saveTokens(clientTokens(`new ${index}`, 1_000_000))
    expect(countFound(tokens, 'short', 500)).toBe(0)
    expect(countFound(tokens, 'long', 500)).toBe(500)
  })

  it('take their sign-in with them when it cannot be used any more, and keep it when it can', () => {
    let now = 0
    const { tokens } = storesAt(() => now)
    for (let index = 0; index < 100; index++)
      tokens.saveTokens(signIn(`gone ${index}`, { expiresAt: 50, refreshUntil: 60 }))
    const kept = signIn('kept', { expiresAt: 50, refreshUntil: 10_000 })
    tokens.saveTokens(kept)
    now = 100
    for (let index = 0; index < 300; index++) tokens.saveTokens(clientTokens(`new ${index}`, 3600))
    expect(tokens.findAccessToken(kept.accessToken.tokenHash)).toBeUndefined()
    expect(tokens.findRefreshToken(kept.refreshToken.tokenHash)?.authorization).toEqual(kept.authorization)
    expect(tokens.prune(now)).toBe(0)
    expect(tokens.revokeTokens({ everything: true })).toBe(1)
  })

  it('go by the timer when the store is idle', async () => {
    let now = 0
    const stores = createMemoryStores({ clock: () => now, pruneIntervalSeconds: 1 })
    stores.tokens.saveTokens(clientTokens('old', 100))
    stores.tokens.saveTokens(clientTokens('new', 200))
    now = 100
    await expect.poll(() => namesFound(stores.tokens, ['old', 'new']), { timeout: 5000 }).toEqual(['new'])
    stores.close()
  })
})

describe('createMemoryStores', () => {
  it('holds the clients that it is given', () => {
    const client = { clientType: 'public', clientId: 'a', authMethods: ['none'], grantTypes: [], scopes: [] } as const
    const stores = createMemoryStores({ clients: [client] })
    expect(stores.clients.listClients()).toEqual([client])
    stores.close()
  })

  it.each<[MemoryStoresOptions, string]>([
    [{ maxToken: 10 } as MemoryStoresOptions, 'createMemoryStores.maxToken'],
    [{ maxTokens: 0 }, 'maxTokens'],
    [{ maxTokens: 1.5 }, 'maxTokens'],
    [{ maxTokens: 16_000_001 }, 'maxTokens'],
    [{ maxTokens: '10' as unknown as number }, 'maxTokens'],
    [{ pruneIntervalSeconds: -1 }, 'pruneIntervalSeconds'],
    [{ pruneIntervalSeconds: Infinity }, 'pruneIntervalSeconds'],
  ])('refuses %o', (options, option) => {
    expect(() => createMemoryStores(options)).toThrow(ConfigurationError)
    expect(() => createMemoryStores(options)).toThrow(expect.objectContaining({ option }))
  })
})

type Tokens = ReturnType<typeof createMemoryStores>['tokens']

function storesAt(clock: () => number, { maxTokens }: { maxTokens?: number } = {}): { tokens: Tokens } {
  return createMemoryStores({ clock, maxTokens, pruneIntervalSeconds: 0 })
}

function countFound(tokens: Tokens, name: string, count: number): number {
  const names = Array.from({ length: count }, (_, index) => `${name} ${index}`)
  return namesFound(tokens, names).length
}

function namesFound(tokens: Tokens, names: readonly string[]): string[] {
  return names.filter((name) => tokens.findAccessToken(hashToken(name)) !== undefined)
}
