/** What one client holds of the store: its own tokens, and the sign-ins through it with theirs. */
export class ClientShare {
  /** Access and refresh tokens. */
  tokens = 0
  authorizations = 0
  /** Set by a revocation of the client, or of everything: all that points here is revoked, and leaves the store bit by bit. */
  isRevoked = false

  /** What counts against the limit of a client: with JWTs, which are not stored, there may be more sign-ins than tokens. */
  get count(): number {
    return Math.max(this.tokens, this.authorizations)
  }
}

/** The shares of all clients that hold something. */
export class ClientShares {
  readonly #shares = new Map<string, ClientShare>()

  /** The share of a client. */
  of(clientId: string): ClientShare {
    let share = this.#shares.get(clientId)
    if (share === undefined) this.#shares.set(clientId, (share = new ClientShare()))
    return share
  }

  /** How much of the store a client holds. */
  countOf(clientId: string): number {
    return this.#shares.get(clientId)?.count ?? 0
  }

  /** Revokes all that a client holds, and returns how many sign-ins that ended. */
  revoke(clientId: string): number {
    const share = this.#shares.get(clientId)
    if (share === undefined) return 0
    this.#shares.delete(clientId)
    share.isRevoked = true
    return share.authorizations
  }

  /** Revokes all that is there, and returns how many sign-ins that ended. */
  revokeAll(): number {
    let ended = 0
    for (const clientId of this.#shares.keys()) ended += this.revoke(clientId)
    return ended
  }

  /** Forgets a client that holds nothing any more. */
  tidy(clientId: string): void {
    if (this.#shares.get(clientId)?.count === 0) this.#shares.delete(clientId)
  }
}
