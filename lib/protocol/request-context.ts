import { randomUUID } from 'node:crypto'

/** What stores and hooks may know about the request they work for; read-only. */
export interface RequestContext {
  /** Names this request in events; random, not secret. */
  readonly requestId: string
  /** The client's network address as the app's `trust proxy` setting tells it; absent when there is no request. */
  readonly address: string | undefined
  /** The `User-Agent` header; absent when there is none. */
  readonly userAgent: string | undefined
  /**
   * The form parameters without anything secret: no password, no client secret, no token. Empty for guarded routes and for
   * calls that the application makes itself.
   */
  readonly parameters: ReadonlyMap<string, string>
}

/** The context of what the application does by itself, without a request. */
export function applicationContext(): RequestContext {
  return { requestId: randomUUID(), address: undefined, userAgent: undefined, parameters: new Map() }
}
