import { BlockList } from 'node:net'
import type { Emit } from '../telemetry/events.js'
import type { PostureFinding } from '../telemetry/operator-events.js'
import { type RequestContext, applicationContext } from '../request/request-context.js'
import type { ClientAddress } from './http-request-context.js'
import type { HttpRequest } from './http.js'

/** Notices requests through a proxy that the application does not trust: all of them seem to come from the address of the proxy. */
export interface ProxyWatch {
  /** Checks a request. */
  see(req: HttpRequest, context: RequestContext): void
  /** Returns what was noticed, if anything. */
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

/** Creates the watch of a server. It warns once, and not at all if the application determines the addresses itself. */
export function proxyWatch(emit: Emit, clientAddress?: ClientAddress): ProxyWatch {
  let noticed = false
  return {
    see(req, context) {
      if (noticed || clientAddress !== undefined || !isForwarded(req.headers)) return
      const { remoteAddress } = req.socket
      // Anybody on the internet can send such a header. A proxy of the application is in the same private network, or at the other end of
      // a Unix socket, which has no address.
      if (isTrusted(req, remoteAddress) || (remoteAddress !== undefined && !isOwnNetwork(remoteAddress))) return
      noticed = true
      const { code, reason } = untrustedProxy
      emit(context, { type: 'warning', code, message: reason, findings: [untrustedProxy] })
    },
    finding: () => (noticed ? untrustedProxy : undefined),
  }
}

/** Returns whether Express trusts the peer: then `ip` is another address, or `ips` is not empty. */
function isTrusted({ ip = '', ips = [] }: HttpRequest, remoteAddress: string | undefined): boolean {
  return ips.length > 0 || (ip !== '' && ip !== remoteAddress)
}

/** Returns whether a header shows that the request came through a proxy. */
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
 * Creates a watch for a router that is mounted at another path than that of the issuer: it issues tokens there, but clients cannot find the
 * metadata, which names other URLs. It warns once. Requests through a proxy are ignored, because a proxy may change paths.
 */
export function mountWatch(issuer: string, emit: Emit): (req: HttpRequest) => void {
  const issuerUrl = issuer.replace(/\/$/, '')
  const issuerPath = new URL(issuerUrl).pathname
  let hasWarned = false
  return ({ baseUrl, headers }) => {
    if (baseUrl === undefined || baseUrl === '' || hasWarned) return
    // It may be the end of the issuer's path, if a proxy removes what comes before.
    if (issuerPath.endsWith(baseUrl) || isForwarded(headers)) return
    hasWarned = true
    const message = `The router is mounted at ${baseUrl}, but the issuer is ${issuer}: clients cannot find its metadata, which names other URLs. Write app.use(oauth.router()) without a path; to have the endpoints below ${baseUrl}, also set issuer: '${issuerUrl}${baseUrl}'.`
    emit(applicationContext(), { type: 'warning', code: 'wrong_mount', message })
  }
}
