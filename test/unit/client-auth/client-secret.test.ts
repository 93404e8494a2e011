import { digestClientSecret, type Client, type ClientSecret, type PasswordHasher } from 'latchkey'
import { beforeEach, describe, expect, it } from 'vitest'
import { clientSecretVerifier } from '../../../lib/client-auth/client-secret.js'
import type { SecretUse } from '../../../lib/client-auth/note-secret-use.js'
import { applicationContext } from '../../../lib/protocol/request-context.js'
import { clientWith } from '../../fixtures/service-client.js'

const now = 1_800_000_000
const context = applicationContext()
const generated: ClientSecret = { digest: digestClientSecret('generated') }
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
  const canBeGuessed = (client: Client | undefined, proof?: string): boolean =>
    secrets.canBeGuessed(client, { clientId: 'service', proof }, now)

  beforeEach(() => {
    hashed = []
    uses = []
    secrets = clientSecretVerifier(hasher, (use) => uses.push(use))
  })

  it('accepts each secret that is live, and tells of its use', async () => {
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
    ['an empty secret', clientWith({ digest: digestClientSecret('') }), ''],
    ['no proof', clientWith({ digest: digestClientSecret('') }), undefined],
    ['a digest in place of the secret', clientWith(generated), generated.digest],
    ['a digest of another length', clientWith({ digest: 'sha256:x' }), 'generated'],
  ])('refuses %s without a slow hash, as long as nobody has one', (_what, client, proof) => {
    expect(canBeGuessed(client, proof)).toBe(false)
    expect(verify(client, proof)).toBe(false)
    expect(hashed).toEqual([])
    expect(uses).toEqual([])
  })

  it('does the same work for everybody once a client with a slow hash was here', async () => {
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

  it('learns by verifying that there are slow hashes, too', async () => {
    await verify(clientWith(generated, chosen), 'wrong')
    expect(canBeGuessed(undefined, 'wrong')).toBe(true)
  })

  it.each(['yes', 1, {}, undefined])('takes %j of a hasher for no', async (answer) => {
    secrets = clientSecretVerifier({ ...hasher, verify: async () => answer as never })
    expect(await verify(clientWith(chosen, { digest: 'plain:other' }), 'chosen')).toBe(false)
  })

  it('tries each secret that was chosen', async () => {
    expect(await verify(clientWith({ digest: 'plain:older' }, chosen), 'chosen')).toBe(true)
    expect(hashed).toHaveLength(2)
    expect(uses.map(({ secret }) => secret)).toEqual([chosen])
  })
})
