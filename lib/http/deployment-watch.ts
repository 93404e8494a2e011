import { BlockList } from 'node:net'
import type { Emit } from '../telemetry/events.js'
import type { PostureFinding } from '../telemetry/operator-events.js'
import { type RequestContext, applicationContext } from '../request/request-context.js'
import type { ClientAddress } from './http-request-context.js'
import type { HttpRequest } from './http.js'

/** Notices requests that came through a proxy which the application does not trust: all of them would have one address. */
export interface ProxyWatch {
  /** Looks at a request. */
  see(req: HttpRequest, context: RequestContext): void
  /** What was noticed, if anything. */
  finding(): PostureFinding | undefined
}

const ownNetworks = new BlockList()
ownNetworks.addSubnet('127.0.0.0', 8, 'ipv4')
ownNetworks.addSubnet('10.0.0.0', 8, 'ipv4')
ownNetworks.addSubnet('172.16.0.0', 12, 'ipv4')
ownNetworks.addSubnet('192.168.0.0', 16, 'ipv4')
ownNetworks.addAddress('::1', 'ipv6')
ownNetworks.addSubnet('fc00::', 7, 'ipv6')

const untrustedProxy = {
  code: 'untrusted_proxy',
  reason:
    'A request came through a proxy that the application does not trust: all clients seem to have the address of the proxy',
  remedy: "Set Express's trust proxy to your proxies; without Express, set clientAddress and isSecure",
} as const satisfies PostureFinding

/** Makes the watch of a server; it tells once, and nothing where the application itself tells the addresses. */
export function proxyWatch(emit: Emit, clientAddress?: ClientAddress): ProxyWatch {
  let noticed = false
  return {
    see(req, context) {
      if (noticed || clientAddress !== undefined || !isForwarded(req.headers)) return
      const { remoteAddress } = req.socket
      // Anybody on the internet can send such a header; a proxy of the application's own is on its own network, or at the other end of a
      // Unix socket, which has no address.
      if (isTrusted(req, remoteAddress) || (remoteAddress !== undefined && !isOwnNetwork(remoteAddress))) return
      noticed = true
      const { code, reason } = untrustedProxy
      emit(context, { type: 'warning', code, message: reason, findings: [untrustedProxy] })
    },
    finding: () => (noticed ? untrustedProxy : undefined),
  }
}

/** Whether Express was told to trust the peer: then it has another address for the caller, or a list, also where that is the same. */
function isTrusted({ ip = '', ips = [] }: HttpRequest, remoteAddress: string | undefined): boolean {
  return ips.length > 0 || (ip !== '' && ip !== remoteAddress)
}

/** Whether a header says that the request came through a proxy. */
export function isForwarded(headers: HttpRequest['headers']): boolean {
  return (
    headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined || headers['x-real-ip'] !== undefined
  )
}

function isOwnNetwork(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return ownNetworks.check(plain, plain.includes(':') ? 'ipv6' : 'ipv4')
}

/**
 * Makes what notices a router that is mounted under another path than the issuer has: tokens can be had there, and the metadata, which
 * names other URLs, is not found. It warns once. What came through a proxy tells nothing, for a proxy may add and take off paths.
 */
export function mountWatch(issuer: string, emit: Emit): (req: HttpRequest) => void {
  const issuerUrl = issuer.replace(/\/$/, '')
  const issuerPath = new URL(issuerUrl).pathname
  let hasTold = false
  return ({ baseUrl, headers }) => {
    if (baseUrl === undefined || baseUrl === '' || hasTold) return
    // A part of the issuer's path at its end: a proxy cuts off what stands before.
    if (issuerPath.endsWith(baseUrl) || isForwarded(headers)) return
    hasTold = true
    const message = `The router is mounted at ${baseUrl}, but the issuer is ${issuer}: clients cannot find its metadata, which names other URLs. Write app.use(oauth.router()) without a path; to have the endpoints below ${baseUrl}, also set issuer: '${issuerUrl}${baseUrl}'.`
    emit(applicationContext(), { type: 'warning', code: 'wrong_mount', message })
  }
}
