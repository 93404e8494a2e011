import { isUnwantedPromise } from '../time/maybe-promise.js'
import type { HttpRequest } from './http.js'

/** How an application tells the network address of a caller; what is no text is as good as nothing. */
export type ClientAddress = (req: HttpRequest) => string | undefined

/** The address of a caller: what the application says, or what Express makes of its `trust proxy`, or that of the peer. */
export function addressOf(req: HttpRequest, clientAddress: ClientAddress | undefined): string | undefined {
  return (clientAddress && toldAddress(req, clientAddress)) ?? req.ip ?? req.socket.remoteAddress
}

/** Whatever is wrong with it: the request goes on. */
function toldAddress(req: HttpRequest, clientAddress: ClientAddress): string | undefined {
  try {
    const address: unknown = clientAddress(req)
    return !isUnwantedPromise(address) && typeof address === 'string' && address !== '' ? address : undefined
  } catch {
    return undefined
  }
}
