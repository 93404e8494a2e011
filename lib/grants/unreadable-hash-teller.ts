import type { UnreadableHash } from '../passwords/unreadable-hash.js'
import type { GrantRequest } from './grant-handler.js'

/** A hasher of the application may make up what it says. */
const MOST_KINDS = 20

/** Makes a function that warns of hashes which the hasher cannot read: once for each kind, for there may be a table full of them. */
export function unreadableHashTeller(): (request: GrantRequest, userId: string, hash: UnreadableHash) => void {
  const told = new Set<string>()
  return ({ server, context }, userId, { looksLike, remedy = anotherHasher }) => {
    if (told.has(looksLike) || told.size >= MOST_KINDS) return
    told.add(looksLike)
    const message = `The password hash of user ${userId} looks like ${looksLike}, which the hasher cannot read. ${remedy}.`
    server.emit(context, { type: 'warning', code: 'unreadable_hash', message, userId })
  }
}

const anotherHasher = 'Give passwordGrant the hasher that made it, or store what bcryptHasher().hash(password) returns'
