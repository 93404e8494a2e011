import type { Clock } from '../time/clock.js'
import { andThen, isPromiseLike, type MaybePromise } from '../time/maybe-promise.js'
import { timeOf, type RequestContext } from '../request/request-context.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import type { ClientStore } from '../stores/client-store.js'
import type { Authorization, TokenStore } from '../stores/token-store.js'
import { RecentLookUps } from './recent-look-ups.js'
import type { VerifiedAccess } from './access-token-claims.js'

/** What judging clients and users needs. */
export interface ActivePartiesServices {
  readonly clients: ClientStore
  readonly tokens: Pick<TokenStore, 'findAuthorization'>
  /** The grants, which may confirm their users. */
  readonly grants: ReadonlyMap<string, { confirmUser?(userId: string, context: RequestContext): MaybePromise<boolean> }>
  readonly clock: Clock
}

const NAMESAKE_SECONDS = 60

/** The client and the user that a token belongs to. */
type Parties = Pick<VerifiedAccess, 'clientId' | 'authorizationId'>
type Standing = 'active' | TokenRefusal

/** What was found about a user. The sign-in itself does not change and is not looked up again. */
interface FoundUser {
  readonly standing: Standing
  readonly authorization: Pick<Authorization, 'grantType' | 'userId'> | undefined
}

/**
 * Knows whether the clients and users of tokens are still active. An application may disable or delete one in its own database, so they are
 * looked up: by introspection at each request, by the guard once in `seconds`. Both share the results. No token is cached.
 */
export class ActiveParties {
  readonly #services: ActivePartiesServices
  readonly #clients: RecentLookUps<Standing>
  /** By the id of the authorization. */
  readonly #users: RecentLookUps<FoundUser>
  /** By the id of the user. */
  readonly #namesakes = new RecentLookUps<boolean>(NAMESAKE_SECONDS)
  readonly #hasUsers: boolean

  constructor(services: ActivePartiesServices, seconds: number) {
    this.#services = services
    this.#clients = new RecentLookUps(seconds)
    this.#users = new RecentLookUps(seconds)
    this.#hasUsers = [...services.grants.values()].some((grant) => grant.confirmUser !== undefined)
  }

  /**
   * Returns why a token of these parties is refused; `undefined` if it is not. `anew` ignores earlier results. `activeClient` is the id of a
   * client that is known to be active.
   */
  judge(
    { clientId, authorizationId }: Parties,
    context: RequestContext,
    anew: boolean,
    activeClient?: string,
  ): MaybePromise<TokenRefusal | undefined> {
    const now = timeOf(context, this.#services.clock)
    if (clientId === activeClient) return this.#judgeUser(authorizationId, context, now, anew)
    const client =
      (anew ? undefined : this.#clients.find(clientId, now)) ?? this.#lookUpClient(clientId, context, now, anew)
    // No closure in the common case.
    if (!isPromiseLike(client)) {
      return client === 'active' ? this.#judgeUser(authorizationId, context, now, anew) : client
    }
    return client.then((standing) =>
      standing === 'active' ? this.#judgeUser(authorizationId, context, now, anew) : standing,
    )
  }

  /** Returns whether the user of a sign-in may still use it. */
  isUserActive(
    { grantType, userId }: Pick<Authorization, 'grantType' | 'userId'>,
    context: RequestContext,
  ): MaybePromise<boolean> {
    return andThen(
      this.#services.grants.get(grantType)?.confirmUser?.(userId, context) ?? true,
      // Only `true` counts, for an application's grants too.
      (confirmed: unknown) => confirmed === true,
    )
  }

  /**
   * Returns whether a user's id is also the id of a client. "No" is remembered for a minute, so that a second sign-in of the user needs no
   * look-up. Throws if the look-up fails.
   */
  isClient(userId: string, context: RequestContext, now: number): MaybePromise<boolean> {
    const known = this.#namesakes.find(userId, now)
    if (known !== undefined) return known
    const lookUp = (): MaybePromise<boolean> =>
      andThen(this.#services.clients.findClient(userId, context), (client) => client?.clientId === userId)
    return this.#namesakes.look(userId, now, lookUp, true)
  }

  /** Forgets the result for a client that this process has changed. */
  forgetClient(clientId: string): void {
    this.#clients.forget(clientId)
    this.#namesakes.forget(clientId)
  }

  #lookUpClient(clientId: string, context: RequestContext, now: number, anew: boolean): MaybePromise<Standing> {
    const lookUp = (): MaybePromise<Standing> =>
      andThen(this.#services.clients.findClient(clientId, context), (client) =>
        client?.clientId !== clientId || client.disabled === true ? 'client_disabled' : 'active',
      )
    return this.#clients.look(clientId, now, lookUp, anew)
  }

  #judgeUser(
    authorizationId: string | undefined,
    context: RequestContext,
    now: number,
    anew: boolean,
  ): MaybePromise<TokenRefusal | undefined> {
    if (authorizationId === undefined || !(anew || this.#hasUsers)) return undefined
    const user =
      (anew ? undefined : this.#users.find(authorizationId, now)) ??
      this.#lookUpUser(authorizationId, context, now, anew)
    return isPromiseLike(user) ? user.then(refusalOf) : refusalOf(user)
  }

  #lookUpUser(authorizationId: string, context: RequestContext, now: number, anew: boolean): MaybePromise<FoundUser> {
    const known = anew ? undefined : this.#users.last(authorizationId)?.authorization
    const lookUp = (): MaybePromise<FoundUser> =>
      known === undefined
        ? andThen(this.#services.tokens.findAuthorization(authorizationId, context), (found) =>
            // A store may return another record than the requested one.
            found?.authorizationId === authorizationId ? this.#confirm(found, context) : gone,
          )
        : this.#confirm(known, context)
    return this.#users.look(authorizationId, now, lookUp, anew)
  }

  #confirm(
    { grantType, userId }: Pick<Authorization, 'grantType' | 'userId'>,
    context: RequestContext,
  ): MaybePromise<FoundUser> {
    const authorization = { grantType, userId }
    return andThen(this.isUserActive(authorization, context), (isActive) => ({
      standing: isActive ? 'active' : 'user_disabled',
      authorization,
    }))
  }
}

const gone: FoundUser = { standing: 'revoked', authorization: undefined }

function refusalOf({ standing }: FoundUser): TokenRefusal | undefined {
  return standing === 'active' ? undefined : standing
}
