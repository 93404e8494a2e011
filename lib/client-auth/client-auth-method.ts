import type { MaybePromise } from '../time/maybe-promise.js'
import type { Parameters } from '../protocol/parameters.js'
import type { RequestContext } from '../request/request-context.js'
import type { Client } from '../stores/client-store.js'

/** What an endpoint needs of an HTTP request to tell which client sent it. */
export interface ClientAuthRequest {
  /** The one `Authorization` header; absent when there is none. */
  readonly authorization: string | undefined
  readonly parameters: Parameters
  readonly context: RequestContext
}

/** Credentials as a request presents them. */
export interface PresentedCredentials {
  readonly clientId: string
  /** What proves the id; `undefined` when the method only identifies. */
  readonly proof: string | undefined
}

/** A way for a client to authenticate (RFC 6749 §2.3). The built-in ones and an application's own are alike. */
export interface ClientAuthMethod {
  /** Its IANA name, as clients are registered for it in `authMethods`. */
  readonly name: string
  /**
   * Finds this method's credentials in a request. `undefined`: the request does not use this method. Throws
   * `OAuthError('invalid_client')` when it does, but in a malformed way.
   */
  readCredentials(request: ClientAuthRequest): PresentedCredentials | undefined
  /**
   * Whether the credentials are those of the client. Called with `undefined` for an unknown client, and then must answer
   * false after the same work as for a wrong proof. `now` is in seconds since the epoch.
   */
  verifyCredentials(
    client: Client | undefined,
    credentials: PresentedCredentials,
    now: number,
    context: RequestContext,
  ): MaybePromise<boolean>
  /**
   * Whether credentials could be right by a guess, as a secret can that a person chose: then attempts are counted before they are
   * looked at, and too many are not. Called with `undefined` for an unknown client, and then must answer as for a wrong proof of a
   * known one. Absent: no; failures are still counted.
   */
  canBeGuessed?(
    client: Client | undefined,
    credentials: PresentedCredentials,
    now: number,
    context: RequestContext,
  ): MaybePromise<boolean>
  /** Why a known client was refused, for the operator, where it is not that its credentials were wrong. Absent: they were. */
  refusalReason?(client: Client, now: number): 'chosen_secrets_not_enabled' | 'unreadable_digest' | undefined
}
