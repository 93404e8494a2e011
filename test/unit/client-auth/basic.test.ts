import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isBasic, parseBasicCredentials as parse } from '../../../lib/client-auth/basic.js'
import { decodeFormComponent } from '../../../lib/protocol/grammar.js'

interface Credentials {
  readonly clientId: string
  readonly proof: string
}

const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base64 of RFC 4648 §4, bit by bit; `undefined` for what no encoder writes. */
function octetsOf(text: string): number[] | undefined {
  if (text.length === 0 || text.length % 4 !== 0) return undefined
  const bits = Array.from(text.replace(/={1,2}$/, ''), (digit) => base64.indexOf(digit))
  if (bits.includes(-1)) return undefined
  const stream = bits.map((value) => value.toString(2).padStart(6, '0')).join('')
  const whole = stream.length - (stream.length % 8)
  // Bits that fill up the last digit are zero.
  if (stream.slice(whole).includes('1')) return undefined
  return Array.from({ length: whole / 8 }, (_, index) => Number.parseInt(stream.slice(index * 8, index * 8 + 8), 2))
}

/** Form-decodes one half, octet by octet; `undefined` unless all of it is printable ASCII, before and after. */
function decodeHalf(half: readonly number[]): string | undefined {
  let decoded = ''
  for (let index = 0; index < half.length; index++) {
    let octet = half[index]!
    if (octet < 0x20 || octet > 0x7e) return undefined
    if (octet === 0x2b) octet = 0x20
    else if (octet === 0x25) {
      const digits = String.fromCharCode(...half.slice(index + 1, index + 3))
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return undefined
      octet = Number.parseInt(digits, 16)
      index += 2
    }
    if (octet < 0x20 || octet > 0x7e) return undefined
    decoded += String.fromCharCode(octet)
  }
  return decoded
}

/** What a header says by RFC 6749 §2.3.1 and RFC 7617 §2, worked out slowly. */
function read(header: string): Credentials | undefined {
  if (header.slice(0, 6).toLowerCase() !== 'basic ') return undefined
  const octets = octetsOf(header.slice(6).replace(/^ */, ''))
  const colon = octets?.indexOf(0x3a) ?? -1
  if (octets === undefined || colon === -1) return undefined
  const clientId = decodeHalf(octets.slice(0, colon))
  const proof = decodeHalf(octets.slice(colon + 1))
  return clientId === undefined || proof === undefined || clientId === '' ? undefined : { clientId, proof }
}

const encoded = (text: string): string => Buffer.from(text, 'latin1').toString('base64')
const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)) })
/** Any code units, lone surrogates too. */
const anything = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) })
const scheme = fc.constantFrom('Basic ', 'basic ', 'BASIC   ', 'bAsIc ', 'Basic', 'Basic\t', 'Bearer ', ' Basic ')

/** One character as a client may send it: as it is where that is safe, or as an escape in either case, or as `+`. */
function spellings(character: string): fc.Arbitrary<string> {
  const escape = `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  const forms = [escape.toLowerCase(), escape.toUpperCase()]
  if (!'%+: '.includes(character)) forms.push(character)
  if (character === ' ') forms.push('+')
  return fc.constantFrom(...forms)
}

const spelled = (text: string): fc.Arbitrary<string> =>
  fc.tuple(...Array.from(text, spellings)).map((parts) => parts.join(''))

/** Credentials, or nothing where a text says why there are none. */
function parseBasicCredentials(header: string): object | undefined {
  const parsed = parse(header)
  return typeof parsed === 'string' ? undefined : parsed
}

describe('parseBasicCredentials', () => {
  it.each([
    ['not Base64 of id, colon and secret', 'Basic app:secret'],
    ['there is no colon between id and secret', `Basic ${encoded('app')}`],
    ['the id is empty', `Basic ${encoded(':secret')}`],
    ['the id is not form-encoded, which makes a percent sign %25', `Basic ${encoded('a%p:secret')}`],
    ['the secret is not form-encoded, which makes a percent sign %25', `Basic ${encoded('app:a+b%c')}`],
    ['the id is not printable ASCII', `Basic ${encoded('%C3%A4pp:secret')}`],
    ['the secret is not printable ASCII', `Basic ${encoded('app:s%00')}`],
  ])('says what is malformed without repeating what was sent: %s (A2)', (why, header) => {
    expect(parse(header)).toBe(why)
  })

  it('reads back every id and secret, however a client may spell them', () => {
    const credentials = fc.record({ clientId: printable.filter((text) => text !== ''), proof: printable })
    const request = credentials.chain(({ clientId, proof }) =>
      fc.tuple(fc.constant({ clientId, proof }), spelled(clientId), spelled(proof)),
    )
    fc.assert(
      fc.property(request, ([expected, clientId, proof]) => {
        expect(parseBasicCredentials(`Basic ${encoded(`${clientId}:${proof}`)}`)).toEqual(expected)
      }),
    )
  })

  it('reads back what URLSearchParams encodes', () => {
    const form = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)
    fc.assert(
      fc.property(
        printable.filter((text) => text !== ''),
        printable,
        (clientId, proof) => {
          const header = `Basic ${encoded(`${form(clientId)}:${form(proof)}`)}`
          expect(parseBasicCredentials(header)).toEqual({ clientId, proof })
        },
      ),
    )
  })

  it('agrees with a slow reading of the rules: any bytes in proper Base64', () => {
    const text = fc.oneof(
      latin1,
      fc.tuple(printable, printable).map((halves) => halves.join(':')),
      fc.string({ unit: fc.constantFrom('a', 'B', ':', '+', '%20', '%7e', '%2B', '%', '%0', '\0', '\x7F', '\xE9') }),
      fc.string({ unit: fc.constantFrom('a', 'B', ':', '%1F', '%7F', '%C3%A9', '%e9') }),
    )
    let accepted = 0
    fc.assert(
      fc.property(scheme, text, (name, credentials) => {
        const header = name + encoded(credentials)
        const expected = read(header)
        if (expected !== undefined) accepted++
        expect(parseBasicCredentials(header)).toEqual(expected)
      }),
      { numRuns: 3000 },
    )
    // Both ways of answering were met, or the comparison would mean nothing.
    expect(accepted).toBeGreaterThan(100)
  })

  it('agrees with a slow reading of the rules: Base64 with something wrong in it', () => {
    const digit = fc.constantFrom(...base64.split(''), '=', '-', '_', ' ', '\n', ',', '!', 'é')
    const damaged = fc
      .tuple(printable, printable, fc.nat(), digit, fc.constantFrom('insert', 'replace', 'remove'))
      .map(([clientId, proof, at, character, how]) => {
        const good = encoded(`x${clientId.replaceAll('%', '')}:${proof.replaceAll('%', '')}`)
        const index = at % (good.length + 1)
        const rest = good.slice(how === 'insert' ? index : index + 1)
        return good.slice(0, index) + (how === 'remove' ? '' : character) + rest
      })
    fc.assert(
      fc.property(damaged, (text) => {
        expect(parseBasicCredentials(`Basic ${text}`)).toEqual(read(`Basic ${text}`))
      }),
      { numRuns: 3000 },
    )
  })

  it('never throws, and reads nothing but what isBasic has announced', () => {
    fc.assert(
      fc.property(scheme, anything, (name, rest) => {
        const header = name + rest
        if (parseBasicCredentials(header) !== undefined) expect(isBasic(header)).toBe(true)
      }),
    )
  })

  it.each([
    ['of RFC 6749', 'Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3', 's6BhdRkqt3', '7Fjfp0ZBr1KtDRbnfVdmIw'],
    ['with + for a space', 'Basic bXkrY2xpZW50JTNBMTpwJTQwc3MlMkJ3JTI1cmQ=', 'my client:1', 'p@ss+w%rd'],
    ['with %20 for a space', 'Basic bXklMjBjbGllbnQlM0ExOnAlNDBzcyUyQnclMjVyZA==', 'my client:1', 'p@ss+w%rd'],
  ])('reads the vector %s', (_what, header, clientId, proof) => {
    expect(parseBasicCredentials(header)).toEqual({ clientId, proof })
    expect(read(header)).toEqual({ clientId, proof })
  })

  it.each([
    ['that is not encoded', 'Basic bXkgY2xpZW50OjE6cEBzcyt3JXJk'],
    ['of RFC 7617 with a pound sign', 'Basic dGVzdDoxMjPCow=='],
  ])('refuses the vector %s', (_what, header) => {
    expect(parseBasicCredentials(header)).toBe(undefined)
    expect(read(header)).toBe(undefined)
  })
})

describe('decodeFormComponent', () => {
  it('reads the vector of RFC 6749 appendix B', () => {
    expect(decodeFormComponent('+%25%26%2B%C2%A3%E2%82%AC')).toBe(' %&+£€')
  })

  it('reads back what URLSearchParams encodes, of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeFormComponent(new URLSearchParams([['', text]]).toString().slice(1))).toBe(text)
      }),
    )
  })
})

describe('isBasic', () => {
  it.each(['Basic', 'basic', 'BASIC ', 'Basic x', 'basic  x'])('knows "%s"', (header) => {
    expect(isBasic(header)).toBe(true)
  })

  it.each(['', ' Basic x', 'Basicx', 'xBasic x', 'Basic\tx', 'Basic,x', 'Bearer x'])(
    'does not take "%s" for it',
    (header) => {
      expect(isBasic(header)).toBe(false)
    },
  )
})
