import { describe, expect, it } from 'vitest'

import { bcryptInput } from '../../../lib/passwords/bcrypt-input.js'

describe('bcryptInput', () => {
  it.each([
    ['a lone high surrogate', 'pass\ud800word'],
    ['a lone low surrogate', 'pass\udc00word'],
    ['surrogates in the wrong order', '\udc00\ud800'],
    ['a high surrogate at the end', 'password\ud83d'],
    ['NUL', 'pass\0word'],
    ['a long password with NUL', `${'a'.repeat(73)}\0`],
    ['a long password with a lone surrogate', `${'a'.repeat(73)}\ud800`],
  ])('returns undefined for %s, with and without prehash', (_name, password) => {
    expect(bcryptInput(password, 'refuse')).toBe(undefined)
    expect(bcryptInput(password, 'prehash')).toBe(undefined)
  })

  it.each([
    ['73 characters of one byte', 'a'.repeat(73)],
    ['37 characters of two bytes', 'é'.repeat(37)],
    ['25 characters of three bytes', '€'.repeat(25)],
    ['19 characters of four bytes', '🔑'.repeat(19)],
  ])('refuses %s: over 72 bytes (AUT-11)', (_name, password) => {
    expect(bcryptInput(password, 'refuse')).toBe(undefined)
  })

  it.each([
    ['the empty password', ''],
    ['72 characters of one byte', 'a'.repeat(72)],
    ['36 characters of two bytes', 'é'.repeat(36)],
    ['24 characters of three bytes', '€'.repeat(24)],
    ['18 characters of four bytes', '🔑'.repeat(18)],
    ['spaces, tabs and line ends', ' \t pass\r\nword '],
    ['a decomposed é', 'e\u0301'],
  ])('leaves %s alone', (_name, password) => {
    expect(bcryptInput(password, 'refuse')).toBe(password)
    expect(bcryptInput(password, 'prehash')).toBe(password)
  })

  // Computed with the hmac module of Python and with openssl.
  it.each([
    ['a'.repeat(73), '6z5v/321POFkzlG0ucvwvUhGzfgWgRgf+zo8PtqTwIwOMCDjeu3xiQ+pNJhGIzT5'],
    ['é'.repeat(37), 'd+omEWkZZfx3x03rhyY1kHNf8kynTSf03SS/n0wQ/jYdepVydL0kxw/N7smx8Zi2'],
  ])('digests long passwords by the documented rule', (password, digest) => {
    expect(bcryptInput(password, 'prehash')).toBe(digest)
  })
})
