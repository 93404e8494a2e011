import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express5, { type RequestHandler } from 'express'
import express4 from 'express4'
import fc from 'fast-check'
import { isOAuthError } from 'latchkey'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { satisfies } from '../../../lib/bearer/verify-bearer.js'
import { readBody } from '../../../lib/http/read-body.js'
import { parseForm, type Parameters } from '../../../lib/protocol/parameters.js'
import { parseScope, Scope } from '../../../lib/protocol/scope.js'

/** What a form says, or why it is refused. */
type Reading = ReadonlyMap<string, string> | 'invalid_request'

const defined = ['grant_type', 'scope', 'username', 'client_id', 'password', 'token', 'refresh_token', 'client_secret']

/** The form octet by octet, as RFC 6749 appendix B and §3.2 have it, and as nobody would write it for speed. */
function readByOctets(octets: Buffer): Reading {
  const pairs: [name: number[], value: number[]][] = [[[], []]]
  let part: 0 | 1 = 0
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at]!
    if (octet === 0x26) {
      pairs.push([[], []])
      part = 0
    } else if (octet === 0x3d && part === 0) part = 1
    else if (octet === 0x2b) pairs.at(-1)![part].push(0x20)
    else if (octet === 0x25) {
      const digits = octets.subarray(at + 1, at + 3).toString('latin1')
      // A pair without a name is none, whatever its value is.
      if (!/^[\dA-Fa-f]{2}$/.test(digits)) pairs.at(-1)![part].push(0x100)
      else pairs.at(-1)![part].push(Number.parseInt(digits, 16))
      if (/^[\dA-Fa-f]{2}$/.test(digits)) at += 2
    } else pairs.at(-1)![part].push(octet)
  }
  const form = new Map<string, string>()
  for (const [nameOctets, valueOctets] of pairs) {
    if (nameOctets.length === 0) continue
    const [name, value] = [textOf(nameOctets), textOf(valueOctets)]
    if (name === undefined || value === undefined || form.has(name)) return 'invalid_request'
    if (defined.some((known) => name.startsWith(`${known}[`))) return 'invalid_request'
    form.set(name, value)
  }
  return form
}

/** Strict UTF-8; `undefined` for what is none, for a broken escape, and for the replacement character. */
function textOf(octets: readonly number[]): string | undefined {
  if (octets.includes(0x100)) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(octets))
    return text.includes('\uFFFD') ? undefined : text
  } catch {
    return undefined
  }
}

/** What the library makes of it, for these names. */
function readingOf(parse: () => Parameters, names: readonly string[]): Reading {
  try {
    const parameters = parse()
    return new Map(names.flatMap((name) => (parameters.get(name) === undefined ? [] : [[name, parameters.get(name)!]])))
  } catch (error) {
    if (!isOAuthError(error)) throw error
    return error.code as 'invalid_request'
  }
}

const withValues = (reading: Reading): Reading =>
  reading === 'invalid_request' ? reading : new Map([...reading].filter(([, value]) => value !== ''))

const octet = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('a', 'b', 'scope', 'é', 'grant_type', '&', '&', '=', '=', '+', '%3D', '%26'),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('%C3%A9', '%c3%a9', '%E2%82%AC', '%00', '%2B', '%25', '%61', '[', ']', ';', '%5B'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('%', '%z', '%2', '%FF', '%C3', '%ED%A0%80', '%C0%80', '%EF%BF%BD', '%EF%BB%BF'),
  },
)
const body = fc.array(octet, { maxLength: 14 }).map((parts) => Buffer.from(parts.join('')))
const rawBody = fc.uint8Array({ maxLength: 24 }).map((octets) => Buffer.from(octets))

/** Names that a body may have, whatever its escapes mean. */
function namesIn(reading: Reading): string[] {
  return reading === 'invalid_request' ? [] : [...reading.keys()]
}

describe('parameters', () => {
  it('are read from a text as they are byte by byte', () => {
    let read = 0
    fc.assert(
      fc.property(body, (octets) => {
        const expected = readByOctets(octets)
        if (expected !== 'invalid_request') read++
        expect(readingOf(() => parseForm(octets.toString('utf8')), namesIn(expected))).toEqual(withValues(expected))
      }),
      { numRuns: 3000 },
    )
    // Both ways of answering were met, or the comparison would mean nothing.
    expect(read).toBeGreaterThan(300)
    expect(read).toBeLessThan(2700)
  })

  const parsers = (express: typeof express5): [string, RequestHandler][] => [
    ['no parser', (_req, _res, next) => next()],
    ["text({ type: '*/*' })", express.text({ type: '*/*' })],
    ["raw({ type: '*/*' })", express.raw({ type: '*/*' })],
    ['urlencoded({ extended: false })', express.urlencoded({ extended: false })],
    ['urlencoded({ extended: true })', express.urlencoded({ extended: true })],
    ['json()', express.json()],
  ]

  describe.each([
    ...parsers(express5).map(([name, parser]) => [`Express 5, ${name}`, parser] as const),
    ...parsers(express4 as unknown as typeof express5).map(([name, parser]) => [`Express 4, ${name}`, parser] as const),
  ])('behind %s', (name, parser) => {
    let names: string[] = []
    const server = createServer((req, res) => {
      parser(req as never, res as never, (error?: unknown) => {
        if (error !== undefined) return void res.end('"refused by the parser"')
        readBody(req, undefined, (form) => {
          const reading = readingOf(form, names)
          res.end(JSON.stringify(reading === 'invalid_request' ? reading : [...reading]))
        })
      })
    })
    beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'))
    afterAll(() => server.closeAllConnections())

    it('are the same as byte by byte', async () => {
      const { port } = server.address() as AddressInfo
      const isForm = name.includes('urlencoded')
      // Of broken escapes a parser for forms leaves what nobody can tell from a text; and a parser for texts drops a mark.
      const sent = fc.oneof(body, rawBody).filter((octets) => {
        const text = octets.toString('latin1')
        const isBroken = readByOctets(octets) === 'invalid_request' && text.includes('%')
        return !(isForm && (isBroken || /[[\]]|%5B/i.test(text))) && !text.startsWith('\xEF\xBB\xBF')
      })
      await fc.assert(
        fc.asyncProperty(sent, async (octets) => {
          const expected = readByOctets(octets)
          names = namesIn(expected)
          const answer = await fetch(`http://127.0.0.1:${String(port)}`, {
            method: 'POST',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: octets,
          })
          const reading = await answer.json()
          const wanted = withValues(expected)
          expect(reading).toEqual(wanted === 'invalid_request' ? wanted : [...wanted])
        }),
        { numRuns: 150 },
      )
    })
  })
})

describe('scope', () => {
  /** Character by character, by RFC 6749 §3.3; a list with repeats, or nothing. */
  function tokensOf(text: string): string[] | undefined {
    const tokens = ['']
    for (const character of text) {
      const code = character.codePointAt(0)!
      if (character === ' ') tokens.push('')
      else if (code < 0x21 || code > 0x7e || code === 0x22 || code === 0x5c) return undefined
      else tokens.push(String(tokens.pop()) + character)
    }
    return tokens.includes('') ? undefined : tokens
  }
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', ':', ' ', ' ', '"', '\\', '\t', 'é', '!', '~', '\x7F'),
    maxLength: 9,
  })
  const tokens = fc.array(fc.constantFrom('a', 'b', 'c', 'a:b', 'A', '__proto__'), { maxLength: 4 })

  it('has the tokens that are there character by character, each once, in their order', () => {
    fc.assert(
      fc.property(text, (given) => {
        const expected = tokensOf(given)
        const scope = parseScope(given)
        expect(scope && [...scope]).toEqual(expected?.filter((token, at) => expected.indexOf(token) === at))
      }),
      { numRuns: 3000 },
    )
  })

  it('satisfies a route that asks for no more than it has', () => {
    fc.assert(
      fc.property(tokens, tokens, tokens, (own, allOf, anyOf) => {
        const hasAll = allOf.filter((token) => own.includes(token)).length === allOf.length
        const hasAny = anyOf.length === 0 || anyOf.filter((token) => own.includes(token)).length > 0
        const requirement = { allOf, anyOf, actsFor: undefined, resource: undefined, optional: false }
        expect(satisfies(new Scope(own), requirement)).toBe(hasAll && hasAny)
      }),
      { numRuns: 2000 },
    )
  })
})
