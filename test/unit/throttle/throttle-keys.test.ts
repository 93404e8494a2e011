import { describe, expect, it } from 'vitest'
import { accountKeys, clientKeys, tokenKeys } from '../../../lib/throttle/throttle-keys.js'

const address = '203.0.113.7'
const counterOf = (username: string, clientId = 'shop-app'): string =>
  accountKeys(clientId, username, address).unknown[0]!.key

describe('the keys of a sign-in', () => {
  it('are digests of one length, whatever was typed (AUT-07)', () => {
    for (const name of ['', 'bob', 'x'.repeat(100_000), '\u0000', '\uD800', '\uFDFA'.repeat(1000)]) {
      const { unknown, known } = accountKeys('shop-app', name, address)
      expect(unknown.map(({ kind }) => kind)).toEqual(['account', 'address'])
      for (const { key } of [...unknown, known]) expect(key).toMatch(/^[\w-]{43}$/)
    }
  })

  it.each([
    ['upper case', 'BOB'],
    ['a space behind', 'bob '],
    ['spaces and tabs around', ' \tbob\u00A0\u3000'],
    ['an accent', 'bób'],
    ['an accent of its own', 'bo\u0301b'],
    ['full width', '\uFF22\uFF4F\uFF42'],
    ['mathematical letters', '\u{1D41B}\u{1D428}\u{1D41B}'],
    ['a stroke', 'bøb'],
    ['a space of no width', 'b\u200Bob'],
    ['a soft hyphen', 'bo\u00ADb'],
    ['a mark of order', '\uFEFFbob'],
    ['a direction', '\u202Ebob'],
    ['a variation selector', 'bo\uFE0Fb'],
  ])('another spelling shares the counter: %s (AUT-07)', (_what, spelling) => {
    expect(counterOf(spelling)).toBe(counterOf('bob'))
  })

  it.each([
    ['straße', 'STRASSE'],
    ['ﬁfi', 'FIFI'],
    ['İstanbul', 'istanbul'],
    ['ıstanbul', 'Istanbul'],
    ['Łódź', 'lodz'],
    ['ΣΑΣ', 'σας'],
  ])('%s and %s share a counter (AUT-07)', (one, another) => {
    expect(counterOf(one)).toBe(counterOf(another))
  })

  it('other names, other clients and other kinds have other counters', () => {
    const keys = [
      counterOf('bob'),
      counterOf('bab'),
      counterOf('bob1'),
      counterOf('bob', 'other-app'),
      counterOf('की'),
      counterOf('का'),
      ...accountKeys('shop-app', 'bob', address)
        .unknown.slice(1)
        .map(({ key }) => key),
      ...accountKeys('shop-app', 'bob', '203.0.113.8')
        .unknown.slice(1)
        .map(({ key }) => key),
      accountKeys('shop-app', 'bob', address).known.key,
      accountKeys('shop-app', 'bob', '203.0.113.8').known.key,
      ...clientKeys('bob', address)
        .unknown.slice(0, 1)
        .map(({ key }) => key),
      clientKeys('bob', address).known.key,
      ...tokenKeys(address).map(({ key }) => key),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('no two lists have the same key', () => {
    expect(accountKeys('a', 'b","c', address).known.key).not.toBe(accountKeys('a","b', 'c', address).known.key)
    expect(counterOf('b', 'a')).not.toBe(counterOf('', 'ab'))
  })

  it('known users are known by the typed name, since another spelling may be another user', () => {
    const known = (name: string): string => accountKeys('shop-app', name, address).known.key
    expect(known('Bob')).not.toBe(known('bob'))
    expect(known('bob ')).not.toBe(known('bob'))
  })
})

describe('the keys of a client', () => {
  it('distinguish ids letter by letter', () => {
    expect(clientKeys('Shop', address).unknown[0]).not.toEqual(clientKeys('shop', address).unknown[0])
  })

  it('share the address with sign-ins', () => {
    expect(clientKeys('shop', address).unknown[1]).toEqual(accountKeys('shop', 'bob', address).unknown[1])
  })
})

it('all addresses of a /64 have the same keys (AUT-08)', () => {
  const [one, another] = ['2001:db8::1', '2001:db8::ffff:1']
  expect(accountKeys('shop', 'bob', one)).toEqual(accountKeys('shop', 'bob', another))
  expect(tokenKeys(one)).toEqual(tokenKeys(another))
  expect(tokenKeys(one)).not.toEqual(tokenKeys('2001:db8:0:1::1'))
})

it('requests without an address share one', () => {
  expect(tokenKeys(undefined)).toEqual(tokenKeys('rubbish'))
})
