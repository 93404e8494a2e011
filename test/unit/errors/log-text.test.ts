import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { logText } from '../../../lib/errors/log-text.js'

const printable = /^[\x20-\x7E]{0,256}$/

describe('a text for a log', () => {
  it.each([
    ['a line break', 'a\r\nb', 'a\\u000d\\u000ab'],
    ['other line breaks', 'a\u0085b\u2028c\u2029d', 'a\\u0085b\\u2028c\\u2029d'],
    ['an escape of a terminal', 'a\u001B[31mb', 'a\\u001b[31mb'],
    ['NUL and DEL', 'a\0b\u007Fc', 'a\\u0000b\\u007fc'],
    ['marks that turn the direction', 'a\u202Eb\u2066c\u200F', 'a\\u202eb\\u2066c\\u200f'],
    ['what is not seen', 'a\u200Bb\uFEFFc', 'a\\u200bb\\ufeffc'],
    ['letters of other alphabets', 'Jürgen 🤷', 'J\\u00fcrgen \\ud83e\\udd37'],
    ['half a character', 'a\uD800', 'a\\ud800'],
  ])('has no %s', (_what, text, expected) => {
    expect(logText(text)).toBe(expected)
  })

  it('stays as it is if there is nothing to escape', () => {
    for (const text of ['', 'user-1', 'a\\b "c" \'d\' %0A', 'x'.repeat(256)]) expect(logText(text)).toBe(text)
  })

  it('ends after 256 characters, and never in the middle of an escape', () => {
    expect(logText('x'.repeat(257))).toBe(`${'x'.repeat(253)}...`)
    for (let before = 240; before < 256; before++) {
      expect(logText(`${'x'.repeat(before)}\n\n\n`)).toMatch(/^x+(?:\\u000a)*(?:\.\.\.)?$/)
    }
    expect(logText('\n'.repeat(10_000_000))).toHaveLength('\\u000a'.length * 42 + 3)
  })

  it('is always one line of printable ASCII', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => printable.test(logText(text))))
  })
})
