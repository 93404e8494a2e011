import type { ClientSecret, OAuthEvent, PasswordHasher } from 'latchkey'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { postToken } from '../fixtures/post-token.js'
import { invalidClient, shown } from '../fixtures/shown-answer.js'
import { basic, digestOf, hasher, secretOf, testServer } from '../fixtures/test-server.js'

const bcrypt = '$2b$10$WsycrC5nQzXceHjz.LDyaupntbFdft4GBlQGOHRPV4n7xNdbwAdhW'
const salt = 'c29tZXNhbHRzb21lc2FsdA'
const anotherHasher = 'Give passwordGrant the hasher that made it, or store what bcryptHasher().hash(password) returns.'
const trimIt = 'Trim it where it is stored: a CHAR(n) column pads, and a file ends with a line break.'
const newPassword = 'Let the user set a new password.'

const hashes: readonly (readonly [looksLike: string, hash: string, remedy: string])[] = [
  ['argon2id', `$argon2id$v=19$m=65536,t=3,p=4$${salt}$RdescudvJCsgt3ub+b4dWRWJTmaaJObG`, anotherHasher],
  ['argon2id', `argon2$argon2id$v=19$m=102400,t=2,p=8$${salt}$RdescudvJCsgt3ub`, anotherHasher],
  ['argon2i', `$argon2i$v=19$m=65536,t=3,p=4$${salt}$RdescudvJCsgt3ub+b4dWRWJTmaaJObG`, anotherHasher],
  ['argon2d', `$argon2d$v=19$m=65536,t=3,p=4$${salt}$RdescudvJCsgt3ub+b4dWRWJTmaaJObG`, anotherHasher],
  ['scrypt', `$scrypt$ln=16,r=8,p=1$${salt}$RdescudvJCsgt3ub`, anotherHasher],
  ['scrypt', `scrypt:32768:8:1$${salt}$${'0f'.repeat(64)}`, anotherHasher],
  ['PBKDF2', `pbkdf2_sha256$600000$${salt}$bKqzL3QkTcGm7cYJH3vGm0Zx1nAaXcKsAy6zQ6SYQzY=`, anotherHasher],
  ['PBKDF2', `$pbkdf2-sha512$25000$${salt}$bKqzL3QkTcGm7cYJ`, anotherHasher],
  ['SHA-512 crypt ($6$)', `$6$rounds=5000$${salt}$${'a'.repeat(86)}`, anotherHasher],
  ['SHA-256 crypt ($5$)', `$5$${salt}$${'a'.repeat(43)}`, anotherHasher],
  ['MD5 crypt ($1$)', `$1$12345678$${'a'.repeat(22)}`, anotherHasher],
  ['MD5 crypt of Apache ($apr1$)', `$apr1$12345678$${'a'.repeat(22)}`, anotherHasher],
  ['yescrypt ($y$)', `$y$j9T$${salt}$${'a'.repeat(43)}`, anotherHasher],
  ['phpass ($P$)', `$P$B12345678${'a'.repeat(22)}`, anotherHasher],
  ['SHA-512 of Drupal ($S$)', `$S$D12345678${'a'.repeat(43)}`, anotherHasher],
  ['a digest of LDAP', '{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr', anotherHasher],
  ['MD5 in hexadecimal', '5f4dcc3b5aa765d61d8327deb882cf99', anotherHasher],
  ['SHA-1 in hexadecimal', '5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8', anotherHasher],
  ['SHA-256 in hexadecimal', '5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8', anotherHasher],
  ['SHA-512 in hexadecimal', '0a'.repeat(64), anotherHasher],
  ['plain text', 'hunter2 and hunter3', anotherHasher],
  ['an empty string', '', 'Store a hash, or return no user without one.'],
  ['bcrypt of a faulty implementation ($2x$)', bcrypt.replace('$2b$', '$2x$'), newPassword],
  ['a bcrypt hash with a cost that is not 4 to 19', bcrypt.replace('$10$', '$31$'), newPassword],
  [
    'a bcrypt hash that was cut off',
    bcrypt.slice(0, 50),
    'Store all 60 characters: widen the column, and let the user set a new password.',
  ],
  ['a damaged bcrypt hash', `${bcrypt}AA`, 'Store it again as bcrypt made it, 60 characters.'],
  ['a bcrypt hash with a prefix', `{bcrypt}${bcrypt}`, 'Remove everything before its $2.'],
  ['a bcrypt hash with a prefix', `bcrypt$${bcrypt}`, 'Remove everything before its $2.'],
  ['a bcrypt hash with spaces or a line break around it', bcrypt.padEnd(72), trimIt],
  ['a bcrypt hash with spaces or a line break around it', `${bcrypt}\n`, trimIt],
]

const form = new URLSearchParams({ grant_type: 'password', username: 'alice', password: "alice's password" }).toString()
const refused = { error: 'invalid_grant', error_description: 'The user name or the password is wrong' }
const warnings = (events: readonly OAuthEvent[]): readonly OAuthEvent[] =>
  events.filter((event) => event.type === 'warning' && event.code.startsWith('unreadable'))

describe('a hash that the hasher cannot read', () => {
  it.each(hashes)('%s: no sign-in, the reason, and one warning (A4)', async (looksLike, passwordHash, remedy) => {
    // What bcrypt would do is done below.
    const server = testServer({ password: { hasher: { ...hasher, verify: async () => false } } })
    server.users.set('alice', { userId: 'user-1', passwordHash })
    for (let attempt = 0; attempt < 2; attempt++) {
      const { status, body } = await postToken(server, form, 'shop-app')
      expect({ status, body }).toEqual({ status: 400, body: refused })
    }
    expect(server.events.filter(({ type }) => type === 'user_authentication_failed')).toMatchObject([
      { clientId: 'shop-app', userId: 'user-1', reason: 'unreadable_hash' },
      { clientId: 'shop-app', userId: 'user-1', reason: 'unreadable_hash' },
    ])
    expect(warnings(server.events)).toEqual([
      {
        type: 'warning',
        level: 'warn',
        code: 'unreadable_hash',
        message: `The password hash of user user-1 looks like ${looksLike}, which the hasher cannot read. ${remedy}`,
        userId: 'user-1',
        at: server.now(),
        endpoint: 'token',
        address: expect.any(String),
        requestId: expect.any(String),
      },
    ])
    // Nothing of it but what every such hash begins with.
    expect(JSON.stringify(server.events)).not.toContain(passwordHash.slice(12, 24) || 'nothing to find')
  })

  it('causes one warning for each kind, not for each user', async () => {
    const server = testServer()
    for (const [name, passwordHash] of [
      ['one', 'plain'],
      ['two', 'other'],
      ['three', bcrypt.slice(0, 40)],
    ] as const) {
      server.users.set(name, { userId: name, passwordHash })
      await postToken(server, `grant_type=password&username=${name}&password=wrong`, 'shop-app')
    }
    expect(warnings(server.events)).toMatchObject([{ userId: 'one' }, { userId: 'three' }])
  })

  it('counts as a wrong password for a hasher that cannot describe it', async () => {
    const silent: PasswordHasher = {
      hash: async () => '',
      verify: async () => false,
      verifyNobody: async () => undefined,
      needsRehash: () => false,
    }
    const server = testServer({ password: { hasher: silent } })
    expect((await postToken(server, form, 'shop-app')).status).toBe(400)
    expect(server.events).toContainEqual(expect.objectContaining({ reason: 'wrong_password' }))
    expect(warnings(server.events)).toEqual([])
  })

  it('is described in the words of the application’s hasher', async () => {
    const own: PasswordHasher = {
      ...hasher,
      verify: async () => false,
      unreadableHash: (hash) => (hash.startsWith('vault:') ? undefined : { looksLike: 'no hash of the vault' }),
    }
    const server = testServer({ password: { hasher: own } })
    await postToken(server, form, 'shop-app')
    expect(warnings(server.events)).toMatchObject([
      {
        message: `The password hash of user user-1 looks like no hash of the vault, which the hasher cannot read. ${anotherHasher}`,
      },
    ])
  })
})

const store = 'Store digestClientSecret(secret), or the bcrypt hash of a secret that a person chose.'
const good = digestOf(secretOf('legacy'))
const digests: readonly (readonly [looksLike: string, digest: string, remedy: string])[] = [
  ['plain text', secretOf('legacy'), store],
  ['SHA-256 in hexadecimal', '0a'.repeat(32), store],
  ['argon2id', `$argon2id$v=19$m=65536,t=3,p=4$${salt}$RdescudvJCsgt3ub+b4dWRWJTmaaJObG`, store],
  ['a sha256 digest with spaces or a line break around it', `${good}\n`, trimIt],
  ['a sha256 digest with spaces or a line break around it', good.padStart(64), trimIt],
  [
    'a sha256 digest that was cut off or changed',
    good.slice(0, 40),
    'Store what digestClientSecret(secret) returns, 50 characters.',
  ],
  ['a bcrypt hash with spaces or a line break around it', `${bcrypt} `, trimIt],
]

describe('a digest of a client that nothing can match', () => {
  const legacy = (secrets: readonly ClientSecret[]) => ({
    clientId: 'legacy',
    clientType: 'confidential' as const,
    authMethods: ['client_secret_basic'],
    secrets,
    grantTypes: ['client_credentials'],
    scopes: ['orders:read'],
    defaultScopes: ['orders:read'],
  })
  const asLegacy = async (server: ReturnType<typeof testServer>, secret = secretOf('legacy')) =>
    shown(
      await request(server.http)
        .post('/oauth/token')
        .set('Authorization', basic('legacy', secret))
        .type('form')
        .send('grant_type=client_credentials'),
    )

  it.each(digests)('%s: no access, the reason, and one warning (A4)', async (looksLike, digest, remedy) => {
    for (const chosenClientSecrets of [true, false, undefined]) {
      const server = testServer({
        moreClients: [legacy([{ secretId: 'first', digest }])],
        server: {
          secretHasher: hasher,
          ...(chosenClientSecrets === undefined ? {} : { chosenClientSecrets }),
        },
      })
      expect(await asLegacy(server)).toEqual(invalidClient)
      expect(await asLegacy(server, digest.trim())).toEqual(invalidClient)
      expect(server.events.filter(({ type }) => type === 'client_authentication_failed')).toMatchObject([
        { clientId: 'legacy', reason: 'unreadable_digest' },
        { clientId: 'legacy', reason: 'unreadable_digest' },
      ])
      expect(warnings(server.events)).toMatchObject([
        {
          code: 'unreadable_digest',
          clientId: 'legacy',
          secretId: 'first',
          message: `The digest of secret first of client legacy looks like ${looksLike}, which no secret can match. ${remedy}`,
        },
      ])
      expect(server.events).not.toContainEqual(expect.objectContaining({ code: 'chosen_secrets_not_enabled' }))
    }
  })

  it('does not lock a client out that has another secret, and causes a warning when the server is created', async () => {
    const server = testServer({ moreClients: [legacy([{ secretId: 'first', digest: 'plain' }, { digest: good }])] })
    expect(warnings(server.events)).toMatchObject([{ clientId: 'legacy', secretId: 'first' }])
    expect(await asLegacy(server)).toMatchObject({ status: 200 })
    expect(warnings(server.events)).toHaveLength(1)
  })
})
