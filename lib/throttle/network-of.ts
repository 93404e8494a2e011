import { isIPv4, isIPv6 } from 'node:net'

/** Some proxies tell an address with its port, which is another one for each connection. */
const withPort = /^(?:\[(?<v6>[^\]]*)\]|(?<v4>\d+\.\d+\.\d+\.\d+))(?::\d+)?$/

/** Prefixes before an IPv4 address: mapped and translated (RFC 4291 §2.5.5.2, RFC 2765 §2.1, RFC 6052 §2.1). */
const beforeIPv4 = ['0:0:0:0:0:ffff', '0:0:0:0:ffff:0', '64:ff9b:0:0:0:0']

/** What an address is counted as. */
export interface Networks {
  /** An IPv4 address, or the /64 of an IPv6 address: whoever has one address of it has all. */
  readonly network: string
  /** The /48 of an IPv6 address, which is what providers give to one customer at most. Absent for IPv4. */
  readonly site: string | undefined
}

/**
 * Returns the networks of an address, however it is spelt. An IPv6 address that carries an IPv4 address counts as that. Anything that is
 * not an address, as a forged `X-Forwarded-For` may be, is one network: `none`.
 */
export function networksOf(address: string | undefined): Networks {
  const { v6, v4 } = withPort.exec(address ?? '')?.groups ?? {}
  const bare = v6 ?? v4 ?? address ?? ''
  if (isIPv4(bare)) return { network: bare, site: undefined }
  if (!isIPv6(bare)) return { network: 'none', site: undefined }
  const groups = groupsOf(bare.replace(/%.*$/, ''))
  const carried = carriedIPv4(groups)
  if (carried !== undefined) return { network: carried.flatMap(octets).join('.'), site: undefined }
  return { network: groups.slice(0, 4).map(hex).join(':'), site: `${groups.slice(0, 3).map(hex).join(':')}::/48` }
}

/** Returns the smaller one of its networks. */
export function networkOf(address: string | undefined): string {
  return networksOf(address).network
}

/** The two groups of an IPv4 address that is a part of an IPv6 address; whoever has that one has many of these. */
function carriedIPv4(groups: readonly number[]): readonly number[] | undefined {
  const [first = 0, second = 0, third = 0] = groups
  const [high = 0, low = 0] = groups.slice(6)
  const prefix = groups.slice(0, 6).map(hex).join(':')
  if (beforeIPv4.includes(prefix)) return [high, low]
  // IPv4-compatible (RFC 4291 §2.5.5.1); `::` and `::1` are not, and no host is in 0.0.0.0/16.
  if (prefix === '0:0:0:0:0:0' && high !== 0) return [high, low]
  // 6to4 (RFC 3056 §2); Teredo, where the bits of the host's address are inverted (RFC 4380 §4).
  if (first === 0x2002) return [second, third]
  if (first === 0x2001 && second === 0) return [high ^ 0xffff, low ^ 0xffff]
  return undefined
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const [before = [], after] = address.split('::').map(numbersOf)
  if (after === undefined) return [...before]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0)
  return [...before, ...zeros, ...after]
}

function numbersOf(part: string): readonly number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    // An IPv4 address at the end stands for two groups.
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

function octets(group: number): readonly number[] {
  return [Math.floor(group / 256), group % 256]
}

function hex(group: number): string {
  return group.toString(16)
}
