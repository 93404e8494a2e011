import type { MaybePromise } from '../time/maybe-promise.js'
import type { Parameters } from '../protocol/parameters.js'
import type { RequestContext } from '../request/request-context.js'
import type { Client } from '../stores/client-store.js'

/** What an endpoint needs of an HTTP request to authenticate its client. */
export interface ClientAuthRequest {
  /** The `Authorization` header; absent if there is none. */
  readonly authorization: string | undefined
  readonly parameters: Parameters
  readonly context: RequestContext
}

/** The credentials of a request. */
export interface PresentedCredentials {
  readonly clientId: string
  /** What proves the id; `undefined` if the method only identifies. */
  readonly proof: string | undefined
}

/** A client authentication method (RFC 6749 §2.3). Built-in ones and those of an application are registered in the same way. */
export interface ClientAuthMethod {
  /** Its IANA name, as in the `authMethods` of clients. */
  readonly name: string
  /**
   * Finds the credentials of this method in a request. Returns `undefined` if the request does not use this method. Throws
   * `OAuthError('invalid_client')` if the credentials are malformed.
   */
  readCredentials(request: ClientAuthRequest): PresentedCredentials | undefined
  /**
   * Returns whether the credentials are those of the client. For an unknown client it is called with `undefined` and must return false after
   * the same work as for a wrong proof. `now` is in seconds since the epoch.
   */
  verifyCredentials(
    client: Client | undefined,
    credentials: PresentedCredentials,
    now: number,
    context: RequestContext,
  ): MaybePromise<boolean>
  /**
   * Returns whether the credentials can be guessed, as a secret that a person chose can. Then each attempt is counted before it is verified, and
   * too many are refused unverified. For an unknown client it is called with `undefined` and must return the same as for a wrong proof of a
   * known client. Absent: false; only failures are counted.
   */
  canBeGuessed?(
    client: Client | undefined,
    credentials: PresentedCredentials,
    now: number,
    context: RequestContext,
  ): MaybePromise<boolean>
  /** Returns why a known client was refused, for the operator, if not for wrong credentials. Absent: `wrong_credentials`. */
  refusalReason?(client: Client, now: number): 'chosen_secrets_not_enabled' | 'unreadable_digest' | undefined
}
