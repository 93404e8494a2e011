import { createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject, type JsonWebKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { calculateJwkThumbprint, compactVerify, importJWK, type JWK } from 'jose'
import { ConfigurationError, loadSigningKeys, type KeySource, type SigningKey, type SigningKeyOptions } from 'latchkey'
import { afterAll, describe, expect, it } from 'vitest'
import { signJwt } from '../../../lib/jose/jwt.js'
import { privateKeys } from '../../fixtures/jwt-server.js'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-keys-'))
afterAll(() => rmSync(folder, { recursive: true }))

const { RS256: rsa, ES256: ec, EdDSA: ed } = privateKeys
const pemOf = (key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8'): string =>
  key.export({ type, format: 'pem' } as { type: 'pkcs8'; format: 'pem' }).toString()
const jwkOf = (key: KeyObject): JsonWebKey => key.export({ format: 'jwk' })
const encrypted = ec
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
  .toString()

function file(name: string, text: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function activeKey(source: KeySource | SigningKeyOptions): Promise<SigningKey> {
  return (await loadSigningKeys([source]).current()).active()
}

describe('a signing key', () => {
  it.each<[string, KeySource | SigningKeyOptions, string]>([
    ['PEM, PKCS#8', pemOf(rsa), 'RS256'],
    ['PEM, PKCS#1', pemOf(rsa, 'pkcs1'), 'RS256'],
    ['PEM, SEC 1', pemOf(ec, 'sec1'), 'ES256'],
    ['PEM with text before it', `a key\n${pemOf(ed)}`, 'EdDSA'],
    ['PEM in a file', file('key.pem', pemOf(ec)), 'ES256'],
    ['an encrypted PEM', { key: encrypted, passphrase: 'open sesame' }, 'ES256'],
    ['a JWK', jwkOf(rsa), 'RS256'],
    ['a JWK as text', ` ${JSON.stringify(jwkOf(ed))}`, 'EdDSA'],
    ['a JWK in a file', file('key.jwk', JSON.stringify(jwkOf(ec))), 'ES256'],
    ['a KeyObject', ed, 'EdDSA'],
    ['an RSA key for PS256', { key: rsa, algorithm: 'PS256' }, 'PS256'],
    ['a JWK that is for PS256', { ...jwkOf(rsa), alg: 'PS256' }, 'PS256'],
    ['a JWK that is for Ed25519', { ...jwkOf(ed), alg: 'Ed25519', kid: 'mine' }, 'EdDSA'],
  ])('is %s, and signs what jose verifies by the published part', async (_, source, algorithm) => {
    const key = await activeKey(source)
    expect(key.publicJwk).toMatchObject({ alg: algorithm, use: 'sig', kid: key.keyId })
    expect(await calculateJwkThumbprint(key.publicJwk as JWK)).toBe(key.keyId)
    const token = await signJwt(key, 'at+jwt', { iat: 5, sub: 'é' })
    const { payload, protectedHeader } = await compactVerify(token, await importJWK(key.publicJwk as JWK, algorithm))
    expect(protectedHeader).toEqual({ alg: algorithm, typ: 'at+jwt', kid: key.keyId })
    expect(JSON.parse(Buffer.from(payload).toString())).toEqual({ iat: 5, sub: 'é' })
  })

  it.each<[string, unknown]>([
    ['a JWK of kind oct', { kty: 'oct', k: Buffer.alloc(32).toString('base64url') }],
    ['a secret KeyObject', createSecretKey(Buffer.alloc(32))],
  ])('for HS256 is %s, and has nothing to publish', async (_, source) => {
    const key = await activeKey(source as KeySource)
    expect(key).toMatchObject({ algorithm: 'HS256', publicJwk: undefined })
    // The id tells nothing of the secret that could be tried offline at less cost than a token.
    expect(key.keyId).toMatch(/^[\w-]{43}$/)
  })
})

describe('a key that is refused', () => {
  const rsaOf = (modulusLength: number): KeyObject => generateKeyPairSync('rsa', { modulusLength }).privateKey
  const ecOf = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey
  const publicPem = createPublicKey(ec).export({ type: 'spki', format: 'pem' }).toString()
  const offCurve = { ...jwkOf(ec), x: Buffer.alloc(32, 1).toString('base64url') }

  const refused: readonly [string, unknown][] = [
    ['RSA of 1024 bits', rsaOf(1024)],
    ['RSA of 2047 bits', rsaOf(2047)],
    ['P-384', ecOf('P-384')],
    ['secp256k1', ecOf('secp256k1')],
    ['Ed448', generateKeyPairSync('ed448').privateKey],
    ['X25519', generateKeyPairSync('x25519').privateKey],
    ['RSA-PSS', generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey],
    ['a secret of 31 octets', { kty: 'oct', k: Buffer.alloc(31).toString('base64url') }],
    ['a secret of nothing', { kty: 'oct' }],
    ['a public KeyObject', createPublicKey(ec)],
    ['a public PEM', publicPem],
    ['a public JWK', jwkOf(createPublicKey(ec))],
    ['a point that is not on the curve', offCurve],
    ['a JWK of no kind', {}],
    ['a JWK for another algorithm', { ...jwkOf(rsa), alg: 'RS512' }],
    ['a JWK of an RSA key for ES256', { ...jwkOf(rsa), alg: 'ES256' }],
    ['text', 'no key'],
    ['a file that is not there', join(folder, 'none.pem')],
    ['a folder', folder],
    ['a file of something else', file('other', 'hello')],
    ['broken JSON', '{"kty":'],
    ['an encrypted PEM without its passphrase', encrypted],
    ['an encrypted PEM with another passphrase', { key: encrypted, passphrase: 'open barley' }],
    ['an EC key for RS256', { key: ec, algorithm: 'RS256' }],
    ['an RSA key for HS256', { key: rsa, algorithm: 'HS256' }],
    ['an RSA key for none', { key: rsa, algorithm: 'none' }],
    ['an unknown option', { key: rsa, sate: 'next' }],
    ['an unknown state', { key: rsa, state: 'old' }],
    ['null', null],
    ['undefined', undefined],
    ['a number', 5],
  ]

  it.each(refused)('is %s (JWT-17, JWT-18)', (_, source) => {
    const load = (): unknown => loadSigningKeys([source as KeySource])
    expect(load).toThrow(ConfigurationError)
    // What is refused may be a private key: it is not repeated.
    expect(load).not.toThrow(/PRIVATE|"d"/)
  })

  it.each([
    ['RSA of 1024 bits', 'signingKeys: a key is an RSA key of less than 2048 bits. Use 2048 bits or more.'],
    ['RSA of 2047 bits', 'signingKeys: a key is an RSA key of less than 2048 bits. Use 2048 bits or more.'],
    ['P-384', 'signingKeys: a key is on the curve secp384r1. Use P-256.'],
    ['secp256k1', 'signingKeys: a key is on the curve secp256k1. Use P-256.'],
    ['Ed448', 'signingKeys: a key is of the kind ed448. Use RSA, EC P-256 or Ed25519.'],
    ['X25519', 'signingKeys: a key is of the kind x25519. Use RSA, EC P-256 or Ed25519.'],
    ['RSA-PSS', 'signingKeys: a key is of the kind rsa-pss. Use RSA, EC P-256 or Ed25519.'],
    ['a secret of 31 octets', 'signingKeys: a key is a secret of less than 256 bits. Use 32 random bytes or more.'],
    ['a public KeyObject', 'signingKeys: a key is a public key. Give it the private key.'],
    [
      'a JWK of an RSA key for ES256',
      'signingKeys: a key cannot sign ES256. Leave the algorithm out, or name one of RS256, PS256.',
    ],
    [
      'text',
      "signingKeys[0]: is neither a PEM nor the name of a file. Give it a private key as PEM, JWK or file; for HS256 write { kty: 'oct', k: secret }, with at least 32 random bytes in base64url.",
    ],
    [
      'a file that is not there',
      `signingKeys[0]: is the name of a file that does not exist: ${join(folder, 'none.pem')}. The path is relative to where the process was started; write an absolute path.`,
    ],
    ['a file of something else', 'signingKeys[0]: the file is neither PEM nor JWK. Put a private key into it.'],
    ['a folder', 'signingKeys[0]: is the name of a folder. Name the file in it that holds the key.'],
    ['broken JSON', 'signingKeys[0]: is not a JWK of a private key. Give it a private key as PEM, JWK or file.'],
    ['an EC key for RS256', 'signingKeys: a key cannot sign RS256. Leave the algorithm out, or name one of ES256.'],
    [
      'an unknown state',
      "signingKeys[0].state: is 'old', a string; must be 'next', 'active' or 'retired'. Leave it out for active.",
    ],
  ])('has a message with the remedy: %s', (name, message) => {
    const source = refused.find(([known]) => known === name)?.[1]
    expect(() => loadSigningKeys([source as KeySource])).toThrow(expect.objectContaining({ message }))
  })

  const pem = pemOf(ec).trim()
  const lines = pem.split('\n')

  it.each<[string, unknown, string]>([
    ['line breaks as two characters', pem.replaceAll('\n', String.raw`\n`), 'has \\n as two characters instead of'],
    ['line breaks as \\r\\n', pem.replaceAll('\n', String.raw`\r\n`), 'has \\n as two characters instead of'],
    ['spaces for line breaks', pem.replaceAll('\n', ' '), 'has lost its line breaks, or has spaces instead'],
    ['no line breaks at all', pem.replaceAll('\n', ''), 'has lost its line breaks'],
    ['quotes', JSON.stringify(pem), 'is in quotes. Remove the quotes'],
    ['single quotes', `'${pem}'`, 'is in quotes. Remove the quotes'],
    [
      'Base64 of the PEM',
      Buffer.from(pem).toString('base64'),
      "is the Base64 of a PEM. Decode it first: Buffer.from(key, 'base64')",
    ],
    ['the body of the PEM', lines.slice(1, -1).join('\n'), 'is a PEM without its first and last line'],
    ['half of the PEM', lines.slice(0, -1).join('\n'), 'is cut off'],
    ['a public key', createPublicKey(ec).export({ type: 'spki', format: 'pem' }), 'is a public key, not a private key'],
    ['an encrypted PEM', encrypted, 'is encrypted. Give its passphrase: { key, passphrase }'],
    ['a wrong passphrase', { key: encrypted, passphrase: 'x' }, 'is encrypted, and the passphrase is wrong'],
    ['a PEM in a Buffer', Buffer.from(pem), 'is bytes. For a PEM write key.toString()'],
    ['a public JWK', jwkOf(createPublicKey(ec)), 'is a public JWK, without d. Give it the private key'],
    ['a file with a public key', file('public.pem', publicPem), 'public.pem is a public key, not a private key'],
    ['an empty file', file('empty.pem', ''), 'empty.pem is empty. Put a private key into it'],
    ['a file in Base64', file('base64.pem', Buffer.from(pem).toString('base64')), 'base64.pem is the Base64 of a PEM'],
    [
      'a file of DER',
      file('key.der', ec.export({ type: 'pkcs8', format: 'der' })),
      'key.der is DER, not PEM. Write it as',
    ],
    ['an encrypted file', file('encrypted.pem', encrypted), 'encrypted.pem is encrypted. Give its passphrase'],
    [
      'a certificate',
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
      'is a certificate, not a private key',
    ],
    ['a secret that looks like a path', 'c2VjcmV0/c2VjcmV0+c2VjcmV0', 'is neither a PEM nor the name of a file. '],
    ['a variable that is not set', undefined, 'is undefined'],
    ['an empty variable', ' ', 'is an empty string'],
  ])('names the shape of what cannot be read, and repeats nothing of it: %s (28)', (_what, source, shape) => {
    let message = ''
    try {
      loadSigningKeys([source as KeySource])
    } catch (error) {
      message = (error as Error).message
    }
    expect(message).toMatch(/^signingKeys\[0\]: /)
    expect(message).toContain(shape)
    for (const line of lines.slice(1, -1)) expect(message).not.toContain(line.slice(0, 12))
  })

  it('is one too few, one too many, or one of the wrong kind', () => {
    expect(() => loadSigningKeys([])).toThrow('none is active. Make one of them active.')
    expect(() => loadSigningKeys([{ key: ec, state: 'next' }])).toThrow('none is active. Make one of them active.')
    expect(() => loadSigningKeys([ec, { key: pemOf(ec), state: 'retired' }])).toThrow(
      'one is listed twice. List each key once.',
    )
    expect(() => loadSigningKeys([rsa, { key: rsa, algorithm: 'PS256' }])).toThrow(
      'one is listed twice. List each key once.',
    )
    expect(() => loadSigningKeys(pemOf(ec) as unknown as [])).toThrow(
      'signingKeys: is a string; it must be a list of keys. Write loadSigningKeys([key]).',
    )
  })
})
