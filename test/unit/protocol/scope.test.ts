import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isScopeToken, parseScope, Scope, storedScope } from '../../../lib/protocol/scope.js'

/** RFC 6749 §3.3, as it stands: `scope = scope-token *( SP scope-token )`, `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`. */
const grammar = /^[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*$/

const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'A', ':', '/', '.', ' ') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('"', '\\', '\t', '\n', '\x7F', '\0', 'é', '\u00A0', '!', '#', '[', ']', '~'),
  },
)
const anyScope = fc.string({ unit: character, maxLength: 12 })
const tokens = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', ':', 'C'), minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 8,
})

describe('isScopeToken', () => {
  it('allows the characters of RFC 6749 and no others', () => {
    const allowed = Array.from({ length: 0x3000 }, (_, code) => code).filter((code) =>
      isScopeToken(String.fromCharCode(code)),
    )
    const range = (first: number, last: number): number[] =>
      Array.from({ length: last - first + 1 }, (_, i) => first + i)
    expect(allowed).toEqual([0x21, ...range(0x23, 0x5b), ...range(0x5d, 0x7e)])
    expect(isScopeToken('')).toBe(false)
  })
})

describe('parseScope', () => {
  it('accepts what the grammar of RFC 6749 accepts, and nothing else', () => {
    fc.assert(
      fc.property(anyScope, (text) => {
        expect(parseScope(text) !== undefined).toBe(grammar.test(text))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['4097 characters', 'a'.repeat(4097)],
    ['101 tokens', Array.from({ length: 101 }, (_, i) => `t${i}`).join(' ')],
    ['101 times the same token', Array.from({ length: 101 }, () => 'a').join(' ')],
  ])('returns undefined for %s', (_what, text) => {
    expect(parseScope(text)).toBeUndefined()
  })

  it('accepts 4096 characters, and 100 tokens', () => {
    expect(parseScope('a'.repeat(4096))?.size).toBe(1)
    expect(parseScope(Array.from({ length: 100 }, (_, i) => `t${i}`).join(' '))?.size).toBe(100)
  })

  it('makes a set: order and repeats do not matter', () => {
    fc.assert(
      fc.property(tokens, fc.array(fc.nat(), { maxLength: 8 }), (wanted, repeats) => {
        const text = [...wanted, ...repeats.map((index) => wanted[index % wanted.length])].join(' ')
        const scope = parseScope(text)!
        expect([...scope]).toEqual(wanted)
        expect(scope.size).toBe(wanted.length)
        expect(`${scope.toString()}|${JSON.stringify(scope)}`).toBe(`${wanted.join(' ')}|"${wanted.join(' ')}"`)
      }),
    )
  })
})

describe('Scope', () => {
  it('has its tokens, by exact comparison, and what is filtered is a part of it', () => {
    fc.assert(
      fc.property(tokens, tokens, (own, others) => {
        const scope = new Scope(own)
        for (const token of others) expect(scope.has(token)).toBe(own.some((mine) => mine === token))
        const common = scope.filter((token) => others.includes(token))
        expect([...common]).toEqual(own.filter((token) => others.includes(token)))
        expect([...scope]).toEqual(own)
      }),
    )
  })

  it('has no token of its prototype', () => {
    for (const name of ['__proto__', 'constructor', 'has', 'size', '']) expect(new Scope(['a']).has(name)).toBe(false)
  })
})

describe('storedScope', () => {
  it('reads what a scope writes, the empty one too', () => {
    fc.assert(
      fc.property(fc.oneof(tokens, fc.constant([])), (wanted) => {
        expect([...storedScope(new Scope(wanted).toString())]).toEqual(wanted)
      }),
    )
  })

  it('returns the right scope, frozen, however many are cached', () => {
    for (const round of [1, 1]) {
      const wanted = Array.from({ length: 1500 }, (_, i) => [`s${i}`, `t${round}`])
      expect(wanted.map((scope) => [...storedScope(scope.join(' '))])).toEqual(wanted)
    }
    // Kept, but not for ever: whoever makes up scopes must not fill the memory.
    const kept = storedScope('s1 t')
    expect(storedScope('s1 t')).toBe(kept)
    for (let i = 0; i < 1001; i++) storedScope(`u${i}`)
    expect(storedScope('s1 t')).not.toBe(kept)
    expect(Object.isFrozen(storedScope('s1 t'))).toBe(true)
  })
})
