/** What one client holds of the store: its own tokens, and the sign-ins through it with their tokens. */
export class ClientShare {
  /** Access and refresh tokens. */
  tokens = 0
  authorizations = 0
  /** Set when the client or everything is revoked. Everything that points here is revoked then, and is removed gradually. */
  isRevoked = false

  /** What counts against the client's limit. There may be more sign-ins than tokens, because JWTs are not stored. */
  get count(): number {
    return Math.max(this.tokens, this.authorizations)
  }
}

/** The shares of all clients. */
export class ClientShares {
  readonly #shares = new Map<string, ClientShare>()

  /** Returns the share of a client. */
  of(clientId: string): ClientShare {
    let share = this.#shares.get(clientId)
    if (share === undefined) this.#shares.set(clientId, (share = new ClientShare()))
    return share
  }

  /** Returns how much of the store a client holds. */
  countOf(clientId: string): number {
    return this.#shares.get(clientId)?.count ?? 0
  }

  /** Revokes everything that a client holds, and returns the number of sign-ins that ended. */
  revoke(clientId: string): number {
    const share = this.#shares.get(clientId)
    if (share === undefined) return 0
    this.#shares.delete(clientId)
    share.isRevoked = true
    return share.authorizations
  }

  /** Revokes everything, and returns the number of sign-ins that ended. */
  revokeAll(): number {
    let ended = 0
    for (const clientId of this.#shares.keys()) ended += this.revoke(clientId)
    return ended
  }

  /** Forgets a client that holds nothing. */
  tidy(clientId: string): void {
    if (this.#shares.get(clientId)?.count === 0) this.#shares.delete(clientId)
  }
}
