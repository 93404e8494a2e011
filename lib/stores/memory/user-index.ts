import type { StoredAuthorization } from './stored-authorization.js'

/** Links a user to their sign-ins by lists inside the authorizations, at two pointers each. */
export class UserIndex {
  readonly #first = new Map<string, StoredAuthorization>()

  add(authorization: StoredAuthorization): void {
    const { userId } = authorization.record
    const next = this.#first.get(userId)
    authorization.nextOfUser = next
    if (next !== undefined) next.previousOfUser = authorization
    this.#first.set(userId, authorization)
  }

  remove(authorization: StoredAuthorization): void {
    const { previousOfUser: previous, nextOfUser: next } = authorization
    if (next !== undefined) next.previousOfUser = previous
    if (previous !== undefined) previous.nextOfUser = next
    else if (next !== undefined) this.#first.set(authorization.record.userId, next)
    else this.#first.delete(authorization.record.userId)
    authorization.previousOfUser = undefined
    authorization.nextOfUser = undefined
  }

  /** Returns the sign-ins of a user that have not ended. */
  of(userId: string): readonly StoredAuthorization[] {
    const found: StoredAuthorization[] = []
    for (let one = this.#first.get(userId); one !== undefined; one = one.nextOfUser) {
      if (!one.hasEnded) found.push(one)
    }
    return found
  }
}
