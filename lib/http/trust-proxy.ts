import type { HttpRequest } from './http.js'

/** Express's compiled `trust proxy` setting: returns whether the address at this distance in hops is a trusted proxy. */
type TrustProxy = (address: string | undefined, hop: number) => boolean

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * Creates a function that adds to a request what an Express app would add by its `trust proxy` setting. It is for requests that are served
 * in front of the app, which never sees them. For any other app it does nothing.
 */
export function trustProxyOf(app: unknown): (req: HttpRequest) => void {
  const { settings } = (typeof app === 'function' ? app : {}) as { readonly settings?: unknown }
  if (typeof settings !== 'object' || settings === null) return leave
  return (req) => {
    // Read for each request, because the setting may change later.
    const trusts: unknown = (settings as Readonly<Record<string, unknown>>)['trust proxy fn']
    if (typeof trusts === 'function') adopt(req, trusts as TrustProxy)
  }
}

function adopt(req: Writable<HttpRequest>, trusts: TrustProxy): void {
  const { socket, headers } = req
  const isTls = 'encrypted' in socket
  req.secure = isTls
  // A function of the application may throw: then no proxy is trusted.
  try {
    if (!trusts(socket.remoteAddress, 0)) return
    const addresses = [socket.remoteAddress, ...listOf(headers['x-forwarded-for']).reverse()]
    let client = 0
    while (client < addresses.length - 1 && trusts(addresses[client], client)) client++
    req.ip = addresses[client]
    req.ips = addresses.slice(1, client + 1).reverse() as string[]
    const [protocol] = listOf(headers['x-forwarded-proto'])
    req.secure = protocol === undefined ? isTls : protocol === 'https'
  } catch {
    req.secure = isTls
  }
}

function listOf(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join() : (header ?? '')
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

function leave(): void {
  // Without Express there is no such setting.
}
