import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { loadSigningKeys } from 'latchkey'
import type { Mistake } from '../mistakes.js'
import { untyped } from './sound-server.js'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trim()
const encrypted = privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
  .toString()
const hs256 =
  'signingKeys[0]: is neither a PEM nor the name of a file. Give it a private key as PEM, JWK or file; for HS256 write ' +
  "{ kty: 'oct', k: secret }, with at least 32 random bytes in base64url."

/** Something in place of a signing key. What is said repeats nothing of it but the name of a file. */
export const wrongKeys: readonly Mistake[] = [
  {
    mistake: "loadSigningKeys(['keys/nope.pem'])",
    make: () => loadSigningKeys(['keys/nope.pem']),
    says: 'signingKeys[0]: is the name of a file that does not exist: keys/nope.pem. The path is relative to where the process was started; write an absolute path.',
  },
  { mistake: "loadSigningKeys(['my-secret'])", make: () => loadSigningKeys(['my-secret']), says: hs256 },
  {
    mistake: 'an HS256 secret as text in { key }',
    make: () => loadSigningKeys([{ key: 'a'.repeat(64) }]),
    says: hs256,
  },
  {
    mistake: 'a public key',
    make: () => loadSigningKeys([createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()]),
    says: 'signingKeys[0]: is a public key, not a private key. Give it the private key.',
  },
  {
    mistake: 'a public JWK',
    make: () => loadSigningKeys([createPublicKey(privateKey).export({ format: 'jwk' })]),
    says: 'signingKeys[0]: is a public JWK, without d. Give it the private key.',
  },
  {
    mistake: 'a PEM with \\n as two characters',
    make: () => loadSigningKeys([pem.replaceAll('\n', String.raw`\n`)]),
    says: String.raw`signingKeys[0]: has \n as two characters instead of line breaks. Write key.replaceAll('\\n', '\n').`,
  },
  {
    mistake: 'a PEM with spaces for line breaks',
    make: () => loadSigningKeys([pem.replaceAll('\n', ' ')]),
    says: 'signingKeys[0]: has lost its line breaks, or has spaces instead. Keep them: put the PEM into a file, or into the variable as Base64 and decode that.',
  },
  {
    mistake: 'the Base64 of a PEM',
    make: () => loadSigningKeys([Buffer.from(pem).toString('base64')]),
    says: "signingKeys[0]: is the Base64 of a PEM. Decode it first: Buffer.from(key, 'base64').toString().",
  },
  {
    mistake: 'a PEM in quotes',
    make: () => loadSigningKeys([JSON.stringify(pem)]),
    says: 'signingKeys[0]: is in quotes. Remove the quotes: they belong to the shell or the file, not to the key.',
  },
  {
    mistake: 'an encrypted PEM without its passphrase',
    make: () => loadSigningKeys([encrypted]),
    says: 'signingKeys[0]: is encrypted. Give its passphrase: { key, passphrase }.',
  },
  {
    mistake: 'process.env.SIGNING_KEY, which is not set',
    make: () => loadSigningKeys([untyped(undefined)]),
    says: 'signingKeys[0]: is undefined. Give it a private key as PEM, JWK or file; if it comes from an environment variable, set that.',
  },
  {
    mistake: 'a PEM in a Buffer, as readFileSync(file) returns it',
    make: () => loadSigningKeys([untyped(Buffer.from(pem))]),
    says: 'signingKeys[0]: is bytes. For a PEM write key.toString().',
  },
  {
    mistake: 'a folder',
    make: () => loadSigningKeys(['test']),
    says: 'signingKeys[0]: is the name of a folder. Name the file in it that holds the key.',
  },
  {
    mistake: 'one key, not in a list',
    make: () => loadSigningKeys(untyped(pem)),
    says: 'signingKeys: is a string; it must be a list of keys. Write loadSigningKeys([key]).',
  },
]
