import type { HttpRequest } from './http.js'

/** Express's compiled `trust proxy` setting: whether the address that is so many hops away is a proxy of ours. */
type TrustProxy = (address: string | undefined, hop: number) => boolean

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * Makes a function that leaves with a request what the Express app behind us would make of it by its `trust proxy` setting. The app
 * never sees the requests that are served in front of it. For any other app it does nothing.
 */
export function trustProxyOf(app: unknown): (req: HttpRequest) => void {
  const { settings } = (typeof app === 'function' ? app : {}) as { readonly settings?: unknown }
  if (typeof settings !== 'object' || settings === null) return leave
  return (req) => {
    // Read each time: the setting may be changed after the handler was made.
    const trusts: unknown = (settings as Readonly<Record<string, unknown>>)['trust proxy fn']
    if (typeof trusts === 'function') adopt(req, trusts as TrustProxy)
  }
}

function adopt(req: Writable<HttpRequest>, trusts: TrustProxy): void {
  const { socket, headers } = req
  const isTls = 'encrypted' in socket
  req.secure = isTls
  // A function of the application: whatever it throws, it trusts nobody.
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
  // Not Express: there is no setting.
}
