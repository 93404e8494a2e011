import { Readable } from 'node:stream'
import express5 from 'express'
import express4 from 'express4'
import fc from 'fast-check'
import { isOAuthError } from 'latchkey'
import { describe, expect, it } from 'vitest'
import { adoptForm, parseForm, type Parameters } from '../../../lib/protocol/parameters.js'

const secretNames = [
  'client_secret',
  'password',
  'refresh_token',
  'access_token',
  'assertion',
  'client_assertion',
  'token',
  'subject_token',
  'actor_token',
  'code',
  'code_verifier',
  'device_code',
]
const definedNames = ['grant_type', 'scope', 'username', 'client_id', ...secretNames]
const unknownNames = ['a', 'b', 'é', 'toString', 'constructor', '0', 'Scope', 'a b', 'x=y', 'a&b', 'a%b', '+']

/** What became of a form: its parameters, ordered by name, or the code of the refusal. */
function outcome(parse: () => Parameters): unknown {
  try {
    const parameters = parse()
    const names = [...definedNames, ...unknownNames, '__proto__', ...parameters.withoutSecrets().keys()]
    return [...new Set(names)].sort().map((name) => [name, parameters.get(name)])
  } catch (error) {
    if (!isOAuthError(error)) throw error
    return error.code
  }
}

/** The same by URLSearchParams, for text whose escapes are all right. */
function byUrlSearchParams(body: string): unknown {
  const pairs = [...new URLSearchParams(body)].filter(([name]) => name !== '')
  const names = pairs.map(([name]) => name)
  const repeated = new Set(names).size < names.length
  const bracketed = names.some((name) => definedNames.some((defined) => name.startsWith(`${defined}[`)))
  const broken = pairs.flat().some((text) => text.includes('\uFFFD'))
  const long = pairs.some(([, value]) => value.length > 16_384)
  if (repeated || bracketed || broken || long || pairs.length > 50) return 'invalid_request'
  return outcome(() => {
    const values = new Map(pairs)
    return {
      get: (name: string) => (values.get(name) === '' ? undefined : values.get(name)),
      withoutSecrets: () => new Map([...values].filter(([name]) => !secretNames.includes(name) && values.get(name))),
    } as unknown as Parameters
  })
}

const name = fc.oneof(
  fc.constantFrom(...definedNames, ...unknownNames),
  fc.constantFrom(...definedNames).map((defined) => `${defined}[]`),
  fc.string({ unit: 'grapheme', maxLength: 3 }).filter((text) => !/[[\]]|__proto__/.test(text)),
)
const value = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 5 }),
  fc.constantFrom('', ' ', '+', '\uFFFD', '%zz', '&='),
)
const pairs = fc.array(fc.tuple(name, value), { maxLength: 6 })
const form = pairs.map((list) => new URLSearchParams(list).toString())

describe('parseForm', () => {
  it('reads what URLSearchParams writes', () => {
    fc.assert(
      fc.property(form, (body) => {
        expect(outcome(() => parseForm(body))).toEqual(byUrlSearchParams(body))
      }),
      { numRuns: 1000 },
    )
  })

  it('reads any text with valid escapes as URLSearchParams does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '=', '&', '+', 'é', ';', '%3D', '%26', '%61', '%C3%A9') })
    fc.assert(
      fc.property(text, (body) => {
        expect(outcome(() => parseForm(body))).toEqual(byUrlSearchParams(body))
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses any text or finds strings', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (body) => {
        const result = outcome(() => parseForm(body))
        if (result !== 'invalid_request') expect(Array.isArray(result)).toBe(true)
      }),
    )
  })
})

describe('adoptForm', () => {
  describe.each([
    ['Express 4, extended: false', express4.urlencoded({ extended: false })],
    ['Express 4, extended: true', express4.urlencoded({ extended: true })],
    ['Express 5, extended: false', express5.urlencoded({ extended: false })],
    ['Express 5, extended: true', express5.urlencoded({ extended: true })],
  ])('after urlencoded of %s', (_name, parser) => {
    it('reads a form as parseForm does', async () => {
      await fc.assert(
        fc.asyncProperty(form, async (body) => {
          const parsed = await parseBy(parser as unknown as Parser, body)
          expect(outcome(() => adoptForm(parsed))).toEqual(outcome(() => parseForm(body)))
        }),
        { numRuns: 300 },
      )
    })
  })

  it('refuses anything that a parser leaves, or finds strings', () => {
    const anything = fc.anything({ withNullPrototype: true, withMap: true, withDate: true, withBigInt: true })
    const body = fc.oneof(anything, fc.dictionary(name, fc.oneof(value, anything)))
    fc.assert(
      fc.property(body, (left) => {
        const result = outcome(() => adoptForm(left))
        if (result === 'invalid_request') return
        for (const [, found] of result as [string, unknown][]) expect(['string', 'undefined']).toContain(typeof found)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    [{ $ne: '' }],
    [['client_credentials']],
    [[]],
    [1],
    [true],
    [null],
    [undefined],
    [new String('client_credentials')],
    [{ toString: () => 'client_credentials' }],
  ])('refuses %j as a parameter that has a meaning', (odd) => {
    for (const defined of definedNames) expect(outcome(() => adoptForm({ [defined]: odd }))).toBe('invalid_request')
  })
})

describe('Parameters', () => {
  it('shows no secret to stores and hooks', () => {
    const body = new URLSearchParams(definedNames.map((defined): [string, string] => [defined, 'x'])).toString()
    expect([...parseForm(`${body}&foo=bar`).withoutSecrets()]).toEqual([
      ['grant_type', 'x'],
      ['scope', 'x'],
      ['username', 'x'],
      ['client_id', 'x'],
      ['foo', 'bar'],
    ])
  })

  it('names the parameter that is missing', () => {
    for (const body of ['', 'username=', 'username', 'Username=x']) {
      expect(() => parseForm(body).require('username')).toThrow('invalid_request: The parameter username is missing')
    }
    expect(parseForm('username=x').require('username')).toBe('x')
  })

  it('has at most 50 parameters of at most 16384 characters', () => {
    const many = (count: number): string => Array.from({ length: count }, (_, i) => `p${i}=`).join('&')
    expect(outcome(() => parseForm(many(50)))).not.toBe('invalid_request')
    expect(outcome(() => parseForm(many(51)))).toBe('invalid_request')
    expect(parseForm(`a=${'x'.repeat(16_384)}`).get('a')).toHaveLength(16_384)
    expect(outcome(() => parseForm(`a=${'x'.repeat(16_385)}`))).toBe('invalid_request')
    expect(parseForm(`a=${'%41'.repeat(16_384)}`).get('a')).toHaveLength(16_384)
  })

  it('has at most 50 resources, each a string', () => {
    const resources = Array.from({ length: 50 }, (_, i) => `https://api.example.com/${i}`)
    const form = (list: readonly string[]): string => list.map((resource) => `resource=${resource}`).join('&')
    expect(parseForm(`resource=&resource&${form(resources)}`).resources).toEqual(resources)
    expect(adoptForm({ resource: resources }).resources).toEqual(resources)
    const tooMany = [...resources, 'x']
    expect(() => parseForm(form(tooMany))).toThrow('invalid_request: Too many parameters')
    expect(() => adoptForm({ resource: tooMany })).toThrow('invalid_request: Too many parameters')
    for (const resource of [['x', 7], [{}, 'x'], { a: 'x' }, 7]) {
      expect(() => adoptForm({ resource })).toThrow('The parameter resource is repeated or not a single value')
    }
  })
})

type Parser = (req: unknown, res: unknown, next: (error?: unknown) => void) => void

/** What a body parser makes of a form. */
async function parseBy(parser: Parser, body: string): Promise<unknown> {
  const octets = Buffer.from(body)
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(octets.length) }
  const req = Object.assign(Readable.from([octets]), { headers, body: undefined })
  await new Promise<void>((resolve, reject) => {
    parser(req, {}, (error) => (error instanceof Error ? reject(error) : resolve()))
  })
  return req.body
}
