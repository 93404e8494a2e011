import { ConfigurationError } from '../../../../lib/errors/configuration-error.js'
import { StoreUnavailableError } from '../../../../lib/errors/store-unavailable-error.js'
import { hashToken, type TokenHash } from '../../../../lib/crypto/hash.js'
import type { NewUserTokens } from '../../../../lib/stores/token-store.js'
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

  it('refuses a rotation and spends nothing, but still recognizes spent and unknown tokens', () => {
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

describe('a memory store with JWTs', () => {
  it('refuses sign-ins without a stored token once so many authorizations are alive', () => {
    let now = 100
    const { tokens } = storesAt(() => now, { maxTokens: 2 })
    for (const name of ['alice', 'bob']) tokens.saveTokens(signedSignIn(name))
    expect(() => tokens.saveTokens(signedSignIn('carol'))).toThrow(StoreUnavailableError)
    expect(tokens.listAuthorizations('carol')).toEqual([])
    expect(tokens.isSignedTokenRevoked(signedTokenOf('alice'))).toBe(false)
    now = 3600
    tokens.saveTokens(signedSignIn('carol'))
    expect(tokens.isSignedTokenRevoked(signedTokenOf('alice'))).toBe(true)
  })

  it('refuses to revoke another JWT rather than forget one that is revoked', () => {
    let now = 100
    const { tokens } = storesAt(() => now, { maxTokens: 2 })
    for (const tokenId of ['a', 'b']) tokens.revokeSignedToken(tokenId, 200)
    expect(() => tokens.revokeSignedToken('c', 200)).toThrow(StoreUnavailableError)
    expect(['a', 'b', 'c'].filter((tokenId) => isRevoked(tokens, tokenId))).toEqual(['a', 'b'])
    now = 200
    tokens.revokeSignedToken('c', 300)
    expect(['a', 'b', 'c'].filter((tokenId) => isRevoked(tokens, tokenId))).toEqual(['c'])
  })

  it('forgets expired sign-ins and revocations gradually, without a timer', () => {
    let now = 0
    const { tokens } = storesAt(() => now)
    for (let index = 0; index < 100; index++) {
      tokens.saveTokens(signedSignIn(`old ${index}`))
      tokens.revokeSignedToken(`old ${index}`, 3600)
    }
    now = 3600
    for (let index = 0; index < 200; index++) tokens.saveTokens(clientTokens(`new ${index}`, 10_000))
    const names = Array.from({ length: 100 }, (_, index) => `old ${index}`)
    expect(names.filter((name) => tokens.findAuthorization(signedTokenOf(name).authorizationId))).toEqual([])
    expect(names.filter((name) => isRevoked(tokens, name))).toEqual([])
    expect(tokens.prune(now)).toBe(0)
  })

  it('counts what it prunes', () => {
    const { tokens } = storesAt(() => 0)
    tokens.saveTokens(signedSignIn('alice'))
    tokens.saveTokens(signIn('bob', { refreshUntil: 3600 }))
    tokens.revokeSignedToken('jti', 3600)
    expect(tokens.prune(3599)).toBe(0)
    expect(tokens.prune(3600)).toBe(5)
  })
})

describe('expired tokens in a memory store', () => {
  it('go gradually as others are saved, without a timer', () => {
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
    await expect.poll(() => namesFound(stores.tokens, ['old', 'new'])).toEqual(['new'])
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
    [{ maxTokens: 0 }, 'createMemoryStores.maxTokens'],
    [{ maxTokens: 1.5 }, 'createMemoryStores.maxTokens'],
    [{ maxTokens: 16_000_001 }, 'createMemoryStores.maxTokens'],
    [{ maxTokens: '10' as unknown as number }, 'createMemoryStores.maxTokens'],
    [{ pruneIntervalSeconds: -1 }, 'createMemoryStores.pruneIntervalSeconds'],
    [{ pruneIntervalSeconds: Infinity }, 'createMemoryStores.pruneIntervalSeconds'],
  ])('refuses %o', (options, option) => {
    expect(() => createMemoryStores(options)).toThrow(ConfigurationError)
    expect(() => createMemoryStores(options)).toThrow(expect.objectContaining({ option }))
  })
})

type Tokens = ReturnType<typeof createMemoryStores>['tokens']

function storesAt(clock: () => number, { maxTokens }: { maxTokens?: number } = {}): { tokens: Tokens } {
  return createMemoryStores({ clock, maxTokens, pruneIntervalSeconds: 0 })
}

/** A sign-in of which nothing is stored but the authorization; its JWT ends at second 3600. */
function signedSignIn(name: string): NewUserTokens {
  return { ...signIn(name), accessToken: undefined, refreshToken: undefined }
}

function signedTokenOf(name: string) {
  const { authorizationId } = signIn(name).authorization
  return { tokenId: `JWT of ${name}`, authorizationId }
}

function isRevoked(tokens: Tokens, tokenId: string): boolean {
  return tokens.isSignedTokenRevoked({ tokenId, authorizationId: undefined })
}

function countFound(tokens: Tokens, name: string, count: number): number {
  const names = Array.from({ length: count }, (_, index) => `${name} ${index}`)
  return namesFound(tokens, names).length
}

function namesFound(tokens: Tokens, names: readonly string[]): string[] {
  return names.filter((name) => tokens.findAccessToken(hashToken(name)) !== undefined)
}

describe('the share of one client', () => {
  it('is half of the store, so that a client that fills it leaves room for the others (V4)', () => {
    const { tokens } = storesAt(() => 100, { maxTokens: 40 })
    for (let index = 0; index < 20; index++) tokens.saveTokens(clientTokens(`own ${index}`, 3600))
    const refused = new StoreUnavailableError(
      'The memory store holds 20 live tokens of the client "nightly-report", which is its share of maxTokens',
    )
    expect(() => tokens.saveTokens(clientTokens('one more', 3600))).toThrow(refused)
    for (let index = 0; index < 10; index++) tokens.saveTokens(signIn(`user ${index}`))
    expect(() => tokens.saveTokens(signIn('alice'))).toThrow(StoreUnavailableError)
    expect(countFound(tokens, 'own', 20)).toBe(20)
  })

  it('is counted with what a sign-in leaves behind: one sign-in does not fill the store (V4)', () => {
    const { tokens } = storesAt(() => 100, { maxTokens: 40 })
    const alice = signIn('alice')
    tokens.saveTokens(alice)
    let presented = alice.refreshToken.tokenHash
    const rotate = (name: string) => {
      const next = { ...rotation(alice, name), presented }
      tokens.rotateRefreshToken(next)
      presented = next.refreshToken.tokenHash
    }
    for (let index = 0; index < 9; index++) rotate(`rotation ${index}`)
    expect(() => rotate('one more')).toThrow(StoreUnavailableError)
    expect(tokens.findRefreshToken(presented)?.spending).toBeUndefined()
    for (let index = 0; index < 20; index++) tokens.saveTokens(clientTokens(`own ${index}`, 3600))
  })

  it('is free again once its tokens have expired, were revoked one by one, or all at once', () => {
    let now = 100
    const { tokens } = storesAt(() => now, { maxTokens: 40 })
    const fill = (name: string, expiresAt: number) => {
      for (let index = 0; index < 20; index++) tokens.saveTokens(clientTokens(`${name} ${index}`, expiresAt))
      expect(() => tokens.saveTokens(clientTokens('one more', 3600))).toThrow(StoreUnavailableError)
    }
    fill('first', 200)
    now = 200
    fill('second', 3600)
    for (let index = 0; index < 20; index++) tokens.revokeAccessToken(hashToken(`second ${index}`))
    fill('third', 3600)
    tokens.revokeTokens({ clientId: 'nightly-report' })
    expect(countFound(tokens, 'third', 20)).toBe(0)
    fill('fourth', 3600)
    tokens.revokeTokens({ everything: true })
    fill('fifth', 3600)
    expect(tokens.prune(3600)).toBe(20)
  })

  it('of revoked JWTs is half as well (V4)', () => {
    const { tokens } = storesAt(() => 100, { maxTokens: 40 })
    for (let index = 0; index < 20; index++) tokens.revokeSignedToken(`JWT ${index}`, 3600)
    expect(() => tokens.revokeSignedToken('one more', 3600)).toThrow(StoreUnavailableError)
    for (let index = 0; index < 10; index++) tokens.saveTokens(signIn(`user ${index}`))
    expect(isRevoked(tokens, 'JWT 0')).toBe(true)
  })
})

describe('what a memory store keeps of a sign-in', () => {
  it('is the newest thousand spent tokens, and not one more (V4)', () => {
    const { tokens } = storesAt(() => 100)
    const hashes = rotated(tokens, { from: savedAlice(tokens), count: 2500 })
    const found = hashes.map((tokenHash) => tokens.findRefreshToken(tokenHash) !== undefined)
    expect(found.indexOf(true)).toBe(1500)
    expect(found.filter(Boolean)).toHaveLength(1001)
    expect(tokens.prune(3600)).toBe(2501)
    expect(tokens.revokeTokens({ everything: true })).toBe(1)
    expect(tokens.prune(3600)).toBe(1002)
  })

  it('goes when it has expired, though the sign-in is refreshed (V4)', () => {
    let now = 100
    const { tokens } = storesAt(() => now)
    const short = rotated(tokens, { from: savedAlice(tokens, 1000), count: 500, expiresAt: 1000 })
    const long = rotated(tokens, { from: short.at(-1)!, count: 1 })
    now = 1000
    const hashes = rotated(tokens, { from: long.at(-1)!, count: 100 })
    tokens.prune(now)
    expect(short.slice(0, -1).filter((tokenHash) => tokens.findRefreshToken(tokenHash) !== undefined)).toEqual([])
    expect(hashes.every((tokenHash) => tokens.findRefreshToken(tokenHash) !== undefined)).toBe(true)
  })

  function savedAlice(tokens: Tokens, expiresAt = 86_400): TokenHash {
    const alice = signIn('alice')
    tokens.saveTokens({ ...alice, refreshToken: { ...alice.refreshToken, expiresAt } })
    return alice.refreshToken.tokenHash
  }

  /** Refreshes so many times; hashes of the refresh tokens, the oldest first. */
  function rotated(tokens: Tokens, { from, count, expiresAt = 86_400 }: RotationsOfAlice): readonly TokenHash[] {
    const hashes = [from]
    for (let index = 0; index < count; index++) {
      const presented = hashes.at(-1)!
      const next = rotation(signIn('alice'), `${presented} ${index}`)
      tokens.rotateRefreshToken({ ...next, presented, refreshToken: { ...next.refreshToken, expiresAt } })
      hashes.push(next.refreshToken.tokenHash)
    }
    return hashes
  }

  interface RotationsOfAlice {
    readonly from: TokenHash
    readonly count: number
    readonly expiresAt?: number
  }
})

describe('work in a large memory store', () => {
  it('is bounded for each request, also when the store is full (V4)', () => {
    let reads = 0
    const { tokens } = storesAt(() => 100, { maxTokens: 20_000 })
    const counted = (tokenName: string) => {
      const { accessToken } = clientTokens(tokenName, 3600)
      tokens.saveTokens({ ...clientTokens(tokenName, 3600), accessToken: { ...accessToken, clientId: tokenName } })
      const stored = tokens.findAccessToken(accessToken.tokenHash)!
      Object.defineProperty(stored, 'expiresAt', { get: () => (reads++, 3600) })
    }
    for (let index = 0; index < 20_000; index++) counted(`token ${index}`)
    reads = 0
    for (let request = 0; request < 10; request++) {
      expect(() => tokens.saveTokens(clientTokens('one more', 3600))).toThrow(StoreUnavailableError)
    }
    expect(reads).toBeGreaterThan(0)
    expect(reads).toBeLessThanOrEqual(10 * 510)
  })

  it('lets others in between two steps of a pruning, and goes on where it stopped (V4)', async () => {
    const { tokens } = storesAt(() => 100)
    for (let index = 0; index < 5000; index++) tokens.saveTokens(clientTokens(`living ${index}`, 7200))
    for (let index = 0; index < 5000; index++) tokens.saveTokens(clientTokens(`dead ${index}`, 3600))
    let others = 0
    let isPruning = true
    const serve = () => {
      others += 1
      if (isPruning) setImmediate(serve)
    }
    setImmediate(serve)
    expect(await tokens.prune(3600, { budgetMilliseconds: 60_000 })).toBe(5000)
    isPruning = false
    expect(others).toBeGreaterThanOrEqual(9)

    for (let index = 0; index < 500; index++) tokens.saveTokens(clientTokens(`dead again ${index}`, 3600))
    let calls = 0
    let removed = 0
    while (removed < 500 && calls < 100) {
      removed += await tokens.prune(3600, { budgetMilliseconds: 0.001 })
      calls += 1
    }
    expect(removed).toBe(500)
    expect(calls).toBeLessThanOrEqual(15)
  })
})
