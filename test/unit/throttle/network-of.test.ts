import { describe, expect, it } from 'vitest'
import { networkOf } from '../../../lib/throttle/network-of.js'

describe('networkOf', () => {
  it.each([
    ['an IPv4 address', '203.0.113.7', '203.0.113.7'],
    ['one with a port, as some proxies say', '203.0.113.7:51234', '203.0.113.7'],
    ['mapped, as sockets for both say', '::ffff:203.0.113.7', '203.0.113.7'],
    ['mapped, in capitals', '::FFFF:203.0.113.7', '203.0.113.7'],
    ['mapped, in hexadecimal', '::ffff:cb00:7107', '203.0.113.7'],
    ['mapped, written out', '0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    ['mapped, written out with zeros', '0000:0000:0000:0000:0000:ffff:cb00:7107', '203.0.113.7'],
    ['mapped, in brackets with a port', '[::ffff:203.0.113.7]:443', '203.0.113.7'],
    ['translated (RFC 6052)', '64:ff9b::203.0.113.7', '203.0.113.7'],
    ['translated, in hexadecimal', '64:ff9b::cb00:7107', '203.0.113.7'],
    ['another translated one', '64:ff9b::1', '0.0.0.1'],
    ['translated by a host (RFC 2765) (V16)', '::ffff:0:203.0.113.7', '203.0.113.7'],
    ['compatible (RFC 4291) (V16)', '::203.0.113.7', '203.0.113.7'],
    ['6to4 (RFC 3056) (V16)', '2002:cb00:7107::1', '203.0.113.7'],
    ['another one of the same host (V16)', '2002:cb00:7107:ffff:a:b:c:d', '203.0.113.7'],
    ['Teredo (RFC 4380) (V16)', '2001:0:4136:e378:8000:63bf:34ff:8ef8', '203.0.113.7'],
  ])('an IPv4 address is itself: %s (AUT-08)', (_what, address, network) => {
    expect(networkOf(address)).toBe(network)
  })

  it.each([
    '2001:db8:0:1::',
    '2001:db8:0:1::1',
    '2001:DB8:0:1::1',
    '2001:0db8:0000:0001:ffff:ffff:ffff:ffff',
    '2001:db8::1:0:0:0:1',
    '2001:db8:0:1:a:b:c:d',
    '2001:db8:0:1::192.0.2.1',
    '2001:db8:0:1:1:1:192.0.2.1',
    '2001:db8:0:1::1%eth0',
    '[2001:db8:0:1::1]:443',
    '[2001:db8:0:1::1]',
  ])('an IPv6 address is its /64, however it is spelt: %s (AUT-08)', (address) => {
    expect(networkOf(address)).toBe('2001:db8:0:1')
  })

  it.each([
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:db8:0:2::1', '2001:db8:0:2'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['1::', '1:0:0:0'],
    ['fe80::1%25lo', 'fe80:0:0:0'],
    ['64:ff9b:1::1', '64:ff9b:1:0'],
  ])('%s is in %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })

  it.each([
    undefined,
    '',
    ' ',
    'unknown',
    '_hidden',
    'localhost',
    '203.0.113.256',
    '203.0.113',
    '0xcb.0.113.7',
    '203.0.113.7, 10.0.0.1',
    '203.0.113.7:',
    '1:2:3:4:5:6:7',
    '1::2::3',
    '[2001:db8::1',
    '[]',
    '[]:80',
    '2001:db8::g',
    '\u0000',
    '1'.repeat(100_000),
    ':'.repeat(100_000),
  ])('everything that is not an address is one network: %j', (address) => {
    expect(networkOf(address)).toBe('none')
  })
})
