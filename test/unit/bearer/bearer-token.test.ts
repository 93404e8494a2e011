import fc from 'fast-check'
import { isOAuthError } from 'latchkey'
import { describe, expect, it } from 'vitest'
import { readBearerToken } from '../../../lib/bearer/bearer-token.js'

const tokenCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/'
const MAX_LENGTH = 16_384

type Reading = { readonly token: string } | 'no bearer credentials' | 'invalid_request'

/** What a header says by RFC 6750 §2.1, read character by character. */
function read(header: string, tokenElsewhere: boolean): Reading {
  if (header.slice(0, 6).toLowerCase() !== 'bearer') return 'no bearer credentials'
  const next = header[6]
  // Another scheme, such as `Bearers`; a comma or white space would end the name of this one.
  if (next !== undefined && next !== ',' && next.trim() !== '') return 'no bearer credentials'
  // The scheme alone is no token, and no mistake.
  if (header.trim().length === 6) return 'no bearer credentials'
  if (tokenElsewhere || header.length > MAX_LENGTH) return 'invalid_request'
  let index = 6
  while (header[index] === ' ') index++
  if (index === 6) return 'invalid_request'
  let end = header.length
  while (header[end - 1] === '=') end--
  if (end <= index || !isToken(header.slice(index, end))) return 'invalid_request'
  return { token: header.slice(index) }
}

function isToken(text: string): boolean {
  return Array.from(text).every((character) => tokenCharacters.includes(character))
}

function readingOf(authorization: string, tokenElsewhere: boolean): Reading {
  try {
    const token = readBearerToken({ authorization, tokenElsewhere })
    return token === undefined ? 'no bearer credentials' : { token }
  } catch (error) {
    if (isOAuthError(error) && error.code === 'invalid_request' && error.status === 400) return 'invalid_request'
    throw error
  }
}

const scheme = fc.constantFrom('Bearer', 'bearer', 'BEARER', 'bEaReR', 'Bearers', 'Basic', 'Beare', ' Bearer', '')
const separator = fc.constantFrom(' ', '  ', '     ', '', '\t', ' \t', ',', ', ', '\u00A0', '\n', '\u2003')
const token = fc.string({ unit: fc.constantFrom(...tokenCharacters.split('')), minLength: 1 })

describe('readBearerToken', () => {
  it('reads every token, in any case of the scheme and with any number of spaces', () => {
    const scheme = fc.constantFrom('Bearer', 'bearer', 'BEARER', 'bEaReR')
    const spaces = fc.integer({ min: 1, max: 20 }).map((count) => ' '.repeat(count))
    const padding = fc.nat(3).map((count) => '='.repeat(count))
    fc.assert(
      fc.property(scheme, spaces, token, padding, (name, between, text, end) => {
        expect(readBearerToken({ authorization: name + between + text + end, tokenElsewhere: false })).toBe(text + end)
      }),
    )
  })

  it('agrees with a slow reading of the rules', () => {
    const rest = fc.oneof(
      token,
      fc.string({ unit: fc.constantFrom('a', 'Z', '9', '-', '=', '+', '/', ' ', ',', '"', '\t', '%', 'é', '\n', ':') }),
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
    )
    const met = new Set<string>()
    fc.assert(
      fc.property(scheme, separator, rest, fc.boolean(), (name, between, text, elsewhere) => {
        const header = name + between + text
        const expected = read(header, elsewhere)
        met.add(typeof expected === 'string' ? expected : 'token')
        expect(readingOf(header, elsewhere)).toEqual(expected)
      }),
      { numRuns: 5000 },
    )
    // All three ways of answering were met, or the comparison would mean nothing.
    expect([...met].sort()).toEqual(['invalid_request', 'no bearer credentials', 'token'])
  })

  it('never says in an error what the header held', () => {
    fc.assert(
      fc.property(token, (text) => {
        const authorization = `Bearer secret${text}"`
        expect(() => readBearerToken({ authorization, tokenElsewhere: false })).toThrow(
          /^invalid_request: The Authorization header is malformed$/,
        )
      }),
    )
  })

  it('reads a header of 16384 characters, and refuses a longer one unread', () => {
    const longest = `Bearer ${'a'.repeat(MAX_LENGTH - 7)}`
    expect(readingOf(longest, false)).toEqual({ token: longest.slice(7) })
    expect(readingOf(`${longest}a`, false)).toBe('invalid_request')
  })

  it('takes time in proportion to the length, also for what nearly matches', () => {
    const started = process.cpuUsage()
    for (const text of [
      `Bearer${' '.repeat(16_000)}\t,`,
      `Bearer ${'a'.repeat(16_000)}"`,
      `Bearer a${'='.repeat(16_000)}x`,
    ]) {
      expect(readingOf(text, false)).toBe('invalid_request')
    }
    // Microseconds; quadratic time would be seconds.
    expect(process.cpuUsage(started).user).toBeLessThan(500_000)
  })

  it('finds nothing without a header, even if there is a token elsewhere', () => {
    expect(readBearerToken({ authorization: undefined, tokenElsewhere: false })).toBe(undefined)
    expect(readBearerToken({ authorization: undefined, tokenElsewhere: true })).toBe(undefined)
  })
})
