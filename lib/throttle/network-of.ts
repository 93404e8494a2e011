import { isIPv4, isIPv6 } from 'node:net'

/** Some proxies send an address with its port, which changes with each connection. */
const withPort = /^(?:\[(?<v6>[^\]]*)\]|(?<v4>\d+\.\d+\.\d+\.\d+))(?::\d+)?$/

/** Prefixes before an IPv4 address: mapped and translated (RFC 4291 §2.5.5.2, RFC 2765 §2.1, RFC 6052 §2.1). */
const beforeIPv4 = ['0:0:0:0:0:ffff', '0:0:0:0:ffff:0', '64:ff9b:0:0:0:0']

/** The networks that an address is counted for. */
export interface Networks {
  /** The IPv4 address, or the /64 of an IPv6 address: a host that has one address of a /64 usually has all of them. */
  readonly network: string
  /** The /48 of an IPv6 address, the most that providers give to one customer. Absent for IPv4. */
  readonly site: string | undefined
}

/**
 * Returns the networks of an address in any notation. An IPv6 address that embeds an IPv4 address counts as the latter. Anything that is
 * not an address, such as a forged `X-Forwarded-For`, belongs to one network: `none`.
 */
export function networksOf(address: string | undefined): Networks {
  const { v6, v4 } = withPort.exec(address ?? '')?.groups ?? {}
  const bare = v6 ?? v4 ?? address ?? ''
  if (isIPv4(bare)) return { network: bare, site: undefined }
  if (!isIPv6(bare)) return { network: 'none', site: undefined }
  const groups = groupsOf(bare.replace(/%.*$/, ''))
  const carried = carriedIPv4(groups)
  if (carried !== undefined) return { network: carried.flatMap(bytesOf).join('.'), site: undefined }
  return { network: groups.slice(0, 4).map(hex).join(':'), site: `${groups.slice(0, 3).map(hex).join(':')}::/48` }
}

/** Returns the smaller network of an address. */
export function networkOf(address: string | undefined): string {
  return networksOf(address).network
}

/** Returns the two groups of the IPv4 address that is embedded in an IPv6 address: one IPv4 host can have many such addresses. */
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

/** Returns the eight groups of an IPv6 address as numbers. */
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

function bytesOf(group: number): readonly number[] {
  return [Math.floor(group / 256), group % 256]
}

function hex(group: number): string {
  return group.toString(16)
}
