import type { Client, ClientSecret, OAuthEvent, PasswordHasher } from 'latchkey'
import { beforeEach, describe, expect, it } from 'vitest'
import { chosenSecrets } from '../../../lib/clients/chosen-secrets.js'
import { clientSecretVerifier } from '../../../lib/client-auth/client-secret.js'
import type { SecretUse } from '../../../lib/clients/note-secret-use.js'
import type { MaybePromise } from '../../../lib/time/maybe-promise.js'
import { applicationContext } from '../../../lib/request/request-context.js'
import { clientWith } from '../../fixtures/service-client.js'
import { digestOf } from '../../fixtures/test-server.js'

const now = 1_800_000_000
const context = applicationContext()
const generated: ClientSecret = { digest: digestOf('generated') }
const chosen: ClientSecret = { digest: 'plain:chosen' }

const publicClient: Client = { ...clientWith(), clientType: 'public', authMethods: ['none'] } as never

describe('clientSecretVerifier', () => {
  let hashed: string[]
  let uses: SecretUse[]
  let secrets: ReturnType<typeof clientSecretVerifier>

  const hasher: PasswordHasher = {
    hash: async (secret) => `plain:${secret}`,
    async verify(secret, hash) {
      hashed.push(`verify ${secret}`)
      return hash === `plain:${secret}`
    },
    async verifyNobody(secret) {
      hashed.push(`verifyNobody ${secret}`)
    },
    needsRehash: () => false,
  }
  const verify = (client: Client | undefined, proof?: string): unknown =>
    secrets.verifyCredentials(client, { clientId: 'service', proof }, now, context)
  const canBeGuessed = (client: Client | undefined, proof?: string): unknown =>
    secrets.canBeGuessed(client, { clientId: 'service', proof }, now, context)
  let events: OAuthEvent[]
  /** A verifier over a store that lists these clients, or that cannot list. */
  function verifier(
    listed: (() => MaybePromise<readonly Client[]>) | undefined,
    more: { chosenClientSecrets?: boolean; hasher?: PasswordHasher } = {},
  ): ReturnType<typeof clientSecretVerifier> {
    const emit = (_context: unknown, event: unknown): void => void events.push(event as OAuthEvent)
    const { chosenClientSecrets, hasher: asked = hasher } = more
    const clients = { findClient: () => undefined, listClients: listed }
    const chosen = chosenSecrets({ clients, hasher: asked, emit, chosenClientSecrets })
    return clientSecretVerifier({ hasher: asked, chosen, emit, noteUse: (use) => uses.push(use) })
  }

  function verifierOf(
    listed: (() => readonly Client[]) | undefined,
    chosenClientSecrets: boolean | undefined,
  ): () => ReturnType<typeof clientSecretVerifier> {
    return () => verifier(listed, chosenClientSecrets === undefined ? {} : { chosenClientSecrets })
  }

  beforeEach(() => {
    hashed = []
    uses = []
    events = []
    secrets = verifier(() => [])
  })

  it('accepts each live secret, and notes its use', async () => {
    const client = clientWith({ ...generated, expiresAt: now + 1 }, chosen)
    expect(verify(client, 'generated')).toBe(true)
    expect(await verify(client, 'chosen')).toBe(true)
    expect(uses.map(({ clientId, proof, isChosen }) => [clientId, proof, isChosen])).toEqual([
      ['service', 'generated', false],
      ['service', 'chosen', true],
    ])
    expect(hashed).toEqual(['verify chosen'])
  })

  it.each([
    ['a secret that is over', clientWith({ ...generated, expiresAt: now }), 'generated'],
    ['no secret at all', clientWith(), 'generated'],
    ['a public client', publicClient, 'generated'],
    ['nobody', undefined, 'generated'],
    ['an empty secret', clientWith({ digest: digestOf('') }), ''],
    ['no proof', clientWith({ digest: digestOf('') }), undefined],
    ['a digest in place of the secret', clientWith(generated), generated.digest],
    ['a digest of another length', clientWith({ digest: 'sha256:x' }), 'generated'],
  ])('refuses %s without a slow hash, as long as no client has one', (_what, client, proof) => {
    expect(canBeGuessed(client, proof)).toBe(false)
    expect(verify(client, proof)).toBe(false)
    expect(hashed).toEqual([])
    expect(uses).toEqual([])
  })

  it('does the same work for every client once one with a slow hash was seen', async () => {
    expect(await verify(clientWith(chosen), 'wrong')).toBe(false)
    for (const client of [clientWith(generated), clientWith(), publicClient, undefined])
      expect(await verify(client, 'wrong')).toBe(false)
    expect(hashed).toEqual(['verify wrong', ...Array<string>(4).fill('verifyNobody wrong')])
    expect(verify(undefined, '')).toBe(false)
    expect(uses).toEqual([])
  })

  it('says of a proof that it can be guessed where one of the secrets was chosen, and from then on of each wrong one', () => {
    expect(canBeGuessed(clientWith(generated), 'wrong')).toBe(false)
    expect(canBeGuessed(clientWith(generated, chosen), 'wrong')).toBe(true)
    expect(canBeGuessed(clientWith(generated, chosen), 'chosen')).toBe(true)
    expect(canBeGuessed(clientWith(generated, chosen), 'generated')).toBe(false)
    expect(canBeGuessed(clientWith(generated), 'wrong')).toBe(true)
    expect(canBeGuessed(clientWith(generated), 'generated')).toBe(false)
    expect(canBeGuessed(undefined, 'wrong')).toBe(true)
    expect(canBeGuessed(undefined, '')).toBe(false)
    expect(canBeGuessed(undefined)).toBe(false)
  })

  const both = clientWith(chosen, { digest: 'plain:another' })

  it.each([
    ['lists one', () => [clientWith(generated), clientWith(chosen)]],
    ['lists one in a promise', async () => [clientWith(chosen)]],
  ])(
    'does the same work for every client from the start if the store %s with a chosen secret (V14)',
    async (_what, list) => {
      secrets = verifier(list)
      expect(await verify(undefined, 'wrong')).toBe(false)
      expect(await verify(clientWith(generated), 'wrong')).toBe(false)
      expect(await verify(clientWith(chosen), 'wrong')).toBe(false)
      expect(await verify(clientWith(generated), 'generated')).toBe(true)
      expect(hashed).toEqual(['verifyNobody wrong', 'verifyNobody wrong', 'verify wrong'])
      expect(await canBeGuessed(undefined, 'wrong')).toBe(true)
    },
  )

  it('does the same work for every client from the start if the option says so, and lists none (V14)', async () => {
    let lists = 0
    secrets = verifier(
      () => {
        lists += 1
        return []
      },
      { chosenClientSecrets: true },
    )
    expect(canBeGuessed(undefined, 'wrong')).toBe(true)
    expect(await verify(undefined, 'wrong')).toBe(false)
    expect(hashed).toEqual(['verifyNobody wrong'])
    expect(lists).toBe(0)
  })

  it('computes as many slow hashes for every client as for the one with the most chosen secrets (V14)', async () => {
    const list = [clientWith(chosen), both, clientWith(chosen, { digest: 'plain:old', expiresAt: now })]
    secrets = verifier(() => list)
    for (const client of [undefined, ...list, clientWith(generated)]) {
      hashed = []
      expect(await verify(client, 'wrong')).toBe(false)
      expect(hashed).toHaveLength(2)
    }
    expect(await verify(both, 'another')).toBe(true)
  })

  it('learns of more by a client that it finds (V14)', async () => {
    secrets = verifier(() => [clientWith(chosen)])
    expect(await verify(both, 'wrong')).toBe(false)
    expect(await verify(undefined, 'wrong')).toBe(false)
    expect(hashed).toEqual(['verify wrong', 'verify wrong', 'verifyNobody wrong', 'verifyNobody wrong'])
  })

  it('lists the clients once, and again after an hour, when a secret is wrong (V14)', async () => {
    let lists = 0
    let listed: readonly Client[] = [clientWith(chosen)]
    secrets = verifier(() => {
      lists += 1
      return listed
    })
    const wrong = async (seconds: number): Promise<number> => {
      hashed = []
      await secrets.verifyCredentials(undefined, { clientId: 'made-up', proof: 'wrong' }, now + seconds, context)
      await new Promise((resolve) => setImmediate(resolve))
      return hashed.length
    }
    expect([await wrong(0), await wrong(1), await wrong(3599), lists]).toEqual([1, 1, 1, 1])
    listed = []
    // Listed after the answer: it counts from the next one on.
    expect([await wrong(3600), lists, await wrong(3601), lists]).toEqual([1, 2, 0, 2])
  })

  it('asks for one list, however many wait for it, and does not make the right generated secret wait (V14)', async () => {
    let lists = 0
    let answer: (clients: readonly Client[]) => void = () => undefined
    secrets = verifier(() => {
      lists += 1
      return new Promise((resolve) => (answer = resolve))
    })
    const wrong = [1, 2, 3].map(() => verify(undefined, 'wrong'))
    expect(canBeGuessed(clientWith(generated), 'generated')).toBe(false)
    expect(verify(clientWith(generated), 'generated')).toBe(true)
    answer([clientWith(chosen)])
    expect(await Promise.all(wrong)).toEqual([false, false, false])
    expect([lists, hashed.length]).toEqual([1, 3])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no connection')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no connection'))],
  ])('does the slow work for every client if the list %s, and reports the failure (V14)', async (_how, list) => {
    secrets = verifier(list)
    expect(await verify(undefined, 'wrong')).toBe(false)
    expect(await verify(clientWith(chosen), 'chosen')).toBe(true)
    expect(hashed).toEqual(['verifyNobody wrong', 'verify chosen'])
    expect(events).toMatchObject([{ type: 'failure', cause: { message: 'no connection' } }])
  })

  it.each([
    ['the store cannot list', verifierOf(undefined, undefined)],
    ['the option says no', verifierOf(() => [clientWith(chosen)], false)],
  ])('refuses chosen secrets with their reason if %s (V14)', async (_why, make) => {
    secrets = make()
    for (const proof of ['chosen', 'wrong']) {
      expect(canBeGuessed(clientWith(chosen), proof)).toBe(false)
      expect(verify(clientWith(chosen), proof)).toBe(false)
      expect(secrets.refusalReason?.(clientWith(chosen), now)).toBe('chosen_secrets_not_enabled')
    }
    expect(verify(clientWith(chosen, generated), 'generated')).toBe(true)
    expect(secrets.refusalReason?.(clientWith(generated), now)).toBeUndefined()
    expect(hashed).toEqual([])
    expect(events).toMatchObject([{ type: 'warning', code: 'chosen_secrets_not_enabled' }])
    expect((events[0] as { message: string }).message).toContain('Set chosenClientSecrets: true')
  })

  it('shows the listed hashes to the hasher, so that their cost is known from the start (V14)', async () => {
    const noted: string[] = []
    secrets = verifier(() => [clientWith(generated, chosen), both], {
      hasher: { ...hasher, noteHash: (passwordHash) => noted.push(passwordHash) },
    })
    await verify(undefined, 'wrong')
    expect(noted).toEqual(['plain:chosen', 'plain:chosen', 'plain:another'])
  })

  it('reports once what the hasher notices (V14)', async () => {
    const finding = { code: 'costlier_hashes', reason: 'They cost more.', remedy: 'Use their cost' } as const
    secrets = verifier(() => [clientWith(chosen)], { hasher: { ...hasher, weaknesses: () => [finding] } })
    for (let i = 0; i < 3; i += 1) await verify(undefined, 'wrong')
    expect(events).toEqual([
      { type: 'warning', code: 'costlier_hashes', message: 'They cost more.', findings: [finding] },
    ])
  })

  it('learns of slow hashes by verifying, too', async () => {
    await verify(clientWith(generated, chosen), 'wrong')
    expect(canBeGuessed(undefined, 'wrong')).toBe(true)
  })

  it.each(['yes', 1, {}, undefined])('takes %j from a hasher for false', async (answer) => {
    secrets = verifier(() => [], { hasher: { ...hasher, verify: async () => answer as never } })
    expect(await verify(clientWith(chosen, { digest: 'plain:other' }), 'chosen')).toBe(false)
  })

  it('tries each secret that was chosen', async () => {
    expect(await verify(clientWith({ digest: 'plain:older' }, chosen), 'chosen')).toBe(true)
    expect(hashed).toHaveLength(2)
    expect(uses.map(({ secret }) => secret)).toEqual([chosen])
  })
})
