import { describe, expect, it } from 'vitest'
import { clientText } from '../../../lib/grants/client-text.js'

const family = '👨‍👩‍👧‍👦'

describe('free text of a client', () => {
  it.each([
    ['a plain name', 'Pixel 9', 'Pixel 9'],
    ['letters of any script', 'Jürgens Händy, 我的手机, گوشی', 'Jürgens Händy, 我的手机, گوشی'],
    ['joiners where they belong', `می‌خواهم ${family} ❤️`, `می‌خواهم ${family} ❤️`],
    ['a NUL', 'phone\0', 'phone'],
    ['controls and escape sequences', 'a\x1B[31mb\x07\x7F\x9Bc', 'a[31mbc'],
    ['line breaks and tabs', ' a\r\n\tb\u0085c\u2028d\u2029e\u00A0f ', 'a b c d e f'],
    ['spaces beside what is taken out', 'a \0 b', 'a b'],
    ['marks of direction', 'exe.\u202Egpj\u2066\u2069\u200E\u200F\u061C', 'exe.gpj'],
    ['invisible marks', 'a\u00AD\u2060\uFEFF\u3164\u115F\u{E0041}b', 'a b'],
    ['halves of pairs', 'a\uD83Db\uDE00c', 'abc'],
    ['what is no character', 'a\uFFFE\uFFFF\uFDD0\u{1FFFE}b', 'ab'],
    ['what is not assigned', 'a\u0378b', 'ab'],
  ])('keeps and takes out what it should: %s (07, V19)', (_what, text, expected) => {
    expect(clientText(text)).toBe(expected)
  })

  it.each(['', ' ', '\0', '\u200D\uFE0F', '\uD83D', '\u202E \u2066', '\u3164'])(
    'is undefined if nothing visible is left: %j (07, V19)',
    (text) => {
      expect(clientText(text)).toBeUndefined()
    },
  )

  it('is cut between two characters, at 100 code points (07, V19)', () => {
    expect(clientText('x'.repeat(100))).toBe('x'.repeat(100))
    expect(clientText('x'.repeat(5000))).toBe('x'.repeat(100))
    expect(clientText(`${'x'.repeat(99)}😀😀`)).toBe(`${'x'.repeat(99)}😀`)
    expect(clientText(`${'x'.repeat(100)}😀`)).toBe('x'.repeat(100))
    // Seven code points are one character.
    expect(clientText(`${'x'.repeat(96)}${family}`)).toBe('x'.repeat(96))
    expect(clientText(`${'x'.repeat(93)}${family}`)).toBe(`${'x'.repeat(93)}${family}`)
    expect(clientText(`${'x'.repeat(99)} y`)).toBe('x'.repeat(99))
    expect(clientText(`${'x'.repeat(99)}e\u0301`)).toBe('x'.repeat(99))
  })

  it.each(['😀', 'ü', '我', `a${'\u0301'.repeat(5000)}`, family, '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '\uD83D\u0301'])(
    'is bounded in code points and in bytes, and well-formed, for repeats of %j (07, V19)',
    (text) => {
      const line = clientText(text.repeat(2000)) ?? ''
      expect(Array.from(line).length).toBeLessThanOrEqual(100)
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(400)
      expect(Buffer.from(line).toString()).toBe(line)
      // What was made of it once stays as it is.
      expect(clientText(line) ?? '').toBe(line)
    },
  )
})
