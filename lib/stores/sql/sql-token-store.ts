import type { Clock } from '../../time/clock.js'
import type { TokenHash } from '../../crypto/hash.js'
import type {
  AccessTokenRecord,
  Authorization,
  ListedAuthorization,
  NewTokens,
  NewUserTokens,
  PruneLimits,
  RefreshTokenRecord,
  RefreshTokenRotation,
  RevocationSelection,
  RotationOutcome,
  SignedTokenId,
  TokenStore,
} from '../token-store.js'
import { toAuthorization, toListedAuthorization, type AuthorizationRow, type ListedRow } from './authorization-row.js'
import { pruneBatches, type DeadRow, type PruneBatch, type PruneBatchResult } from './prune-batches.js'
import type { PruneDialect } from './prune-statements.js'
import {
  deleteTokensOfClient,
  deleteTokensOfClients,
  revokeAuthorization,
  revokeClient,
  revokeEverything,
  revokeUser,
} from './revoke-statements.js'
import type { SqlConnection, SqlSession, SqlStatement } from './sql-connection.js'
import {
  isRevoked,
  toAccessToken,
  toRefreshToken,
  toSpending,
  type AccessTokenRow,
  type RefreshTokenRow,
  type RevocationRow,
  type SpendingRow,
} from './token-rows.js'
import {
  accessTokenValues,
  findAccessToken,
  findAuthorization,
  findRefreshToken,
  findRevocation,
  findRevoked,
  findSpending,
  insertAccessToken,
  listAuthorizations,
  revocationValues,
  subjectOfRevocation,
} from './token-statements.js'
import { isTrimDue, trimValues } from './trim-statements.js'

/** What each database does in its own way. */
export interface TokenDialect extends PruneDialect {
  /** Values: the id, the time until which it is remembered. Changes nothing where the id is there already. */
  readonly insertRevokedToken: SqlStatement
  /** Stores a sign-in atomically. */
  saveSignIn(connection: SqlConnection, tokens: NewUserTokens): Promise<void>
  /** Values: the time, the token. Changes one row where the claim wins. */
  readonly claimLateRetry: SqlStatement
  /** Deletes the oldest spent tokens of a sign-in. Values: those of `trimValues`. */
  readonly trim: SqlStatement
  /** Notes up to when JWTs are revoked; a later time stays. Values: the subject, the time. */
  readonly revokeUntil: SqlStatement
  /**
   * Spends a token and stores its successors atomically. Returns the generation of the new refresh token; `undefined` if this call did not
   * spend the token.
   */
  rotate(connection: SqlConnection, rotation: RefreshTokenRotation): Promise<number | undefined>
  /** Deletes an access token, and makes the next pruning check its authorization: it may have been the last usable token. */
  deleteAccessToken(connection: SqlConnection, tokenHash: TokenHash): Promise<void>
}

/** Stores tokens in a database with an asynchronous driver. Look-ups and tokens of clients take one statement each. */
export class SqlTokenStore implements TokenStore {
  readonly isShared = true as const
  readonly #connection: SqlConnection
  readonly #dialect: TokenDialect
  readonly #clock: Clock

  constructor(connection: SqlConnection, dialect: TokenDialect, clock: Clock) {
    this.#connection = connection
    this.#dialect = dialect
    this.#clock = clock
  }

  async saveTokens(tokens: NewTokens): Promise<void> {
    if (tokens.authorization === undefined) {
      await this.#connection.change(insertAccessToken, accessTokenValues(tokens.accessToken))
    } else {
      await this.#dialect.saveSignIn(this.#connection, tokens)
    }
  }

  async findAccessToken(tokenHash: TokenHash): Promise<AccessTokenRecord | undefined> {
    const [row] = await this.#connection.rows<AccessTokenRow>(findAccessToken, [tokenHash])
    return row && toAccessToken(tokenHash, row)
  }

  async findRefreshToken(tokenHash: TokenHash): Promise<RefreshTokenRecord | undefined> {
    const [row] = await this.#connection.rows<RefreshTokenRow>(findRefreshToken, [tokenHash])
    return row && toRefreshToken(tokenHash, row)
  }

  async whyNotFound(tokenHash: TokenHash): Promise<'revoked' | undefined> {
    const revoked = await this.#connection.rows(findRevoked, [tokenHash, tokenHash])
    return revoked.length > 0 ? 'revoked' : undefined
  }

  async rotateRefreshToken(rotation: RefreshTokenRotation): Promise<RotationOutcome> {
    const generation = await this.#dialect.rotate(this.#connection, rotation)
    if (generation !== undefined) {
      if (isTrimDue(generation)) await this.#trim(rotation, generation)
      return { outcome: 'rotated' }
    }
    // The other call has committed, because this one has waited for the lock on the row.
    const [row] = await this.#connection.rows<SpendingRow>(findSpending, [rotation.presented])
    const spending = row && toSpending(row)
    return spending === undefined ? { outcome: 'gone' } : { outcome: 'already_spent', spending }
  }

  async claimLateRetry(tokenHash: TokenHash, at: number): Promise<boolean> {
    return (await this.#connection.change(this.#dialect.claimLateRetry, [at, tokenHash])) === 1
  }

  async revokeAccessToken(tokenHash: TokenHash): Promise<void> {
    await this.#dialect.deleteAccessToken(this.#connection, tokenHash)
  }

  async revokeSignedToken(tokenId: string, expiresAt: number): Promise<void> {
    await this.#connection.change(this.#dialect.insertRevokedToken, [tokenId, expiresAt])
  }

  async isSignedTokenRevoked(token: SignedTokenId): Promise<boolean> {
    const [row] = await this.#connection.rows<RevocationRow>(findRevocation, revocationValues(token))
    return isRevoked(row, token.authorizationId)
  }

  async findAuthorization(authorizationId: string): Promise<Authorization | undefined> {
    const [row] = await this.#connection.rows<AuthorizationRow>(findAuthorization, [authorizationId])
    return row && toAuthorization(row)
  }

  async listAuthorizations(userId: string): Promise<readonly ListedAuthorization[]> {
    return (await this.#connection.rows<ListedRow>(listAuthorizations, [userId])).map(toListedAuthorization)
  }

  /** Revokes an authorization by its row only, which look-ups join. */
  async revokeTokens(selection: RevocationSelection): Promise<number> {
    const now = this.#clock()
    if ('authorizationId' in selection) {
      return this.#connection.change(revokeAuthorization, [now, selection.authorizationId])
    }
    if ('userId' in selection) {
      return this.#connection.change(revokeUser, [now, selection.userId, selection.exceptAuthorizationId ?? ''])
    }
    const clientId = 'clientId' in selection ? selection.clientId : undefined
    return this.#connection.atomically(async (session) => {
      if (selection.issuedUntil !== undefined) {
        await session.change(this.#dialect.revokeUntil, [subjectOfRevocation(clientId), selection.issuedUntil])
      }
      if ('everything' in selection) {
        await session.change(deleteTokensOfClients, [])
        return session.change(revokeEverything, [now])
      }
      await session.change(deleteTokensOfClient, [selection.clientId])
      return session.change(revokeClient, [now, selection.clientId])
    })
  }

  /** Prunes in batches, each in its own transaction. Several processes may prune at once. */
  async prune(now: number, limits?: PruneLimits): Promise<number> {
    const batches = pruneBatches(this.#dialect, now, limits)
    let batch = batches.next()
    while (batch.done !== true) {
      const { value } = batch
      const run = (session: SqlSession): Promise<PruneBatchResult> => runBatch(session, value)
      batch = batches.next(await (value.isAtomic ? this.#connection.atomically(run) : run(this.#connection)))
    }
    return batch.value
  }

  async #trim({ refreshToken, spending }: RefreshTokenRotation, generation: number): Promise<void> {
    try {
      const values = trimValues(refreshToken.authorizationId, generation, spending.spentAt)
      await this.#connection.change(this.#dialect.trim, values)
    } catch {
      // The rotation has succeeded, and the caller must learn that. The next trim removes more.
    }
  }
}

async function runBatch(session: SqlSession, batch: PruneBatch): Promise<PruneBatchResult> {
  const steps = batch.steps()
  let step = steps.next()
  while (step.done !== true) {
    const { statement, values, finds } = step.value
    step = steps.next({
      rows: finds ? await session.rows<DeadRow>(statement, values) : [],
      changed: finds ? 0 : await session.change(statement, values),
    })
  }
  return step.value
}
