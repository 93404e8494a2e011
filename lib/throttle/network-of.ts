import { isIPv4, isIPv6 } from 'node:net'

/** Some proxies tell an address with its port, which is another one for each connection. */
const withPort = /^(?:\[(?<v6>[^\]]*)\]|(?<v4>\d+\.\d+\.\d+\.\d+))(?::\d+)?$/

/** Prefixes before an IPv4 address: mapped (RFC 4291 §2.5.5.2), translated (RFC 6052 §2.1). */
const beforeIPv4 = ['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0']

/**
 * What an address is counted as: an IPv4 address, or the network of an IPv6 address (/64), for who has one of its addresses has all.
 * However it is spelt; what is no address, as a forged `X-Forwarded-For` may be, is all one network: `none`.
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'none'
  const { v6, v4 } = withPort.exec(address)?.groups ?? {}
  const bare = v6 ?? v4 ?? address
  if (isIPv4(bare)) return bare
  if (!isIPv6(bare)) return 'none'
  const groups = groupsOf(bare.replace(/%.*$/, ''))
  if (beforeIPv4.includes(groups.slice(0, 6).map(hex).join(':'))) return groups.slice(6).flatMap(octets).join('.')
  return groups.slice(0, 4).map(hex).join(':')
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
