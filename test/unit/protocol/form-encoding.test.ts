import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFormComponent } from '../../../lib/protocol/grammar.js'

/** The same by octets: as RFC 6749 appendix B describes it, and as nobody would write it for speed. */
function decodeByOctets(text: string): string | undefined {
  const octets: number[] = []
  for (const part of text.match(/%..|[^]/gu) ?? []) {
    if (part === '+') octets.push(0x20)
    else if (/^%[0-9A-Fa-f]{2}$/.test(part)) octets.push(Number.parseInt(part.slice(1), 16))
    else if (part.startsWith('%')) return undefined
    else octets.push(...Buffer.from(part))
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(octets))
  } catch {
    return undefined
  }
}

const wellFormed = fc.string({ unit: 'binary' })
const octet = fc.integer({ min: 0, max: 255 }).map((value) => `%${value.toString(16).padStart(2, '0')}`)
const piece = fc.oneof(
  octet,
  octet.map((text) => text.toUpperCase()),
  fc.constantFrom('+', '%', '%2', '%zz', '% 41', '%%', '=', 'a', 'é', '🔑', '%C3%A9', '%E2%82%AC', '%F0%9F%94%91'),
  wellFormed.map(encodeURIComponent),
)

describe('decodeFormComponent', () => {
  it.each(['%', '%2', '%zz', '%2z', 'a%', '%FF', '%C3', '%C3%28', '%C0%80', '%ED%A0%80', '%F4%90%80%80', '%u0041'])(
    'returns undefined for %s',
    (text) => {
      expect(decodeFormComponent(text)).toBeUndefined()
    },
  )

  it.each([
    ['', ''],
    ['a+b%20c', 'a b c'],
    ['+%25%26%2B%C2%A3%E2%82%AC', ' %&+£€'],
    ['%EF%BB%BFa', '\uFEFFa'],
    ['%00', '\0'],
    ['100%25', '100%'],
    ['%c3%A9', 'é'],
  ])('decodes %j', (text, decoded) => {
    expect(decodeFormComponent(text)).toBe(decoded)
  })

  it('reads what URLSearchParams writes', () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect(decodeFormComponent(new URLSearchParams({ '': text }).toString().slice(1))).toBe(text)
      }),
    )
  })

  it('decodes any text like decoding it byte by byte', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('')
        expect(decodeFormComponent(text)).toBe(decodeByOctets(text))
      }),
      { numRuns: 2000 },
    )
  })
})
