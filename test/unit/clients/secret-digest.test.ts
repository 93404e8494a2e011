import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { digestClientSecret } from 'latchkey'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../lib/errors/configuration-error.js'

describe('digestClientSecret', () => {
  it.each([
    ['what a person chose', 'secret4711'],
    ['two words', 'correct horse'],
    ['four words', 'correct horse battery staple'],
    ['nine words, of 13 bits each', 'one two three four five six seven eight nine'],
    ['nothing', ''],
    ['a PIN', '0417'],
    ['38 digits', '1'.repeat(38)],
    ['31 hex digits', 'f'.repeat(31)],
    ['31 hex digits of upper case', 'F0'.repeat(16).slice(1)],
    ['21 characters of base64url', 'aB3_'.repeat(6).slice(0, 21)],
    ['27 letters', 'q'.repeat(27)],
    ['24 letters and digits of one case', 'q1'.repeat(12)],
    ['19 characters of any kind', 'aA1!'.repeat(5).slice(0, 19)],
    ['a host name', 'api.example.com'],
  ])('refuses %s, which can be guessed, with the remedy (V12)', (_what, secret) => {
    const refused = (): string => digestClientSecret(secret)
    expect(refused).toThrow(ConfigurationError)
    expect(refused).toThrow('bcryptHasher().hash(secret)')
    if (secret !== '') expect(refused).not.toThrow(secret)
  })

  it.each([
    ['a NUL', '\0'],
    ['a line break, as at the end of a file', '\n'],
    ['a letter with an accent', '\u00E9'],
    ['a letter of another alphabet', '\u0430'],
    ['a delete', '\x7F'],
  ])('refuses a secret with %s, which no request can carry', (_what, character) => {
    const secret = randomBytes(32).toString('base64url') + character
    expect(() => digestClientSecret(secret)).toThrow(
      new ConfigurationError(
        'digestClientSecret',
        'is given a secret with a character that no request can carry (RFC 6749 appendix A.2)',
        "Use printable ASCII, such as randomBytes(32).toString('base64url'), without the line break of a file",
      ),
    )
  })

  it.each([
    ['256 bits in base64url', randomBytes(32).toString('base64url')],
    ['128 bits in base64url', randomBytes(16).toString('base64url')],
    ['128 bits in base64url that happen to have no digit', 'aVRnbUtvaVRnbUtvaVRnbQ'],
    ['128 bits in hex', randomBytes(16).toString('hex')],
    ['128 bits in hex of upper case', randomBytes(16).toString('hex').toUpperCase()],
    ['128 bits in base64', randomBytes(16).toString('base64')],
    ['a UUID', randomUUID()],
    ['ten words of a list', 'one two three four five six seven eight nine ten'],
    ['39 digits', '7'.repeat(39)],
    ['the secret of an example', 'stock-sync-secret-of-256-bits'],
    ['43 equal letters', 's'.repeat(43)],
  ])('accepts %s (V12)', (_what, secret) => {
    expect(digestClientSecret(secret)).toBe(`sha256:${createHash('sha256').update(secret).digest('base64url')}`)
  })
})
