import type { User, UserStore } from '../stores/user-store.js'
import type { MaybePromise } from '../time/maybe-promise.js'
import {
  type ContractRules,
  NotTested,
  type TestRunner,
  contractContext as context,
  registerRules,
} from './contract-rule.js'
import { assertSame, isRefused } from './rule-assertions.js'
import { assertNobody, idsOfNobody, namesOfNobody, respelled } from './user-names.js'

/** What `create` gives: the application's store and one user who is in it. */
export interface UserStoreUnderTest {
  readonly store: UserStore
  /** A name that the user signs in with. */
  readonly username: string
  /** The user that both look-ups must return. */
  readonly user: User
  /** Another user, who must not change when the first one does. Absent: that is not checked. */
  readonly otherUser?: User | undefined
  /** A name that nobody signs in with. */
  readonly absentUsername: string
  /** Called after each test, also a failed one. */
  readonly close?: (() => MaybePromise<void>) | undefined
}

/** The runner's functions and the adapter. */
export interface UserStoreContractOptions extends TestRunner {
  /** Creates the store as it was before the first test; called once for each rule. One rule changes the user's password hash. */
  readonly create: () => MaybePromise<UserStoreUnderTest>
}

/**
 * Registers the tests that every `UserStore` must pass.
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest'
 *
 * const alice = { userId: 'user-1', username: 'alice', passwordHash: await bcryptHasher().hash('correct-horse') }
 * const store: UserStore = {
 *   findUserByUsername: (name) => (name === 'alice' ? alice : undefined),
 *   findUser: (userId) => (userId === 'user-1' ? alice : undefined),
 * }
 * const create = () => ({ store, username: 'alice', user: alice, absentUsername: 'bob' })
 * userStoreContract({ describe, it, create })
 * ```
 */
export function userStoreContract({ create, ...runner }: UserStoreContractOptions): void {
  registerRules(runner, 'user store', userStoreRules, create)
}

const userStoreRules: ContractRules<UserStoreUnderTest> = {
  'finds a user by the name that is typed': async ({ store, username, user }) => {
    assertUser(await store.findUserByUsername(username, context), user)
  },

  'finds a user by id': async ({ store, user }) => {
    assertUser(await store.findUser(user.userId, context), user)
  },

  'tells the id, the hash and whether the user is disabled': async ({ store, username }) => {
    const found = await store.findUserByUsername(username, context)
    const rule =
      'The id becomes the `sub` of tokens and the hash goes to the password hasher: both are strings, not empty.'
    assertSame([typeof found?.userId, typeof found?.passwordHash], ['string', 'string'], rule)
    assertSame([found?.userId === '', found?.passwordHash === ''], [false, false], rule)
    for (const flag of ['disabled', 'locked'] as const) {
      const isFlag = found?.[flag] === undefined || typeof found[flag] === 'boolean'
      assertSame(isFlag, true, `\`${flag}\` is a boolean or absent: a 1, a 0 or a date from a database is neither.`)
    }
  },

  'returns undefined for an unknown name': async ({ store, absentUsername }) => {
    assertNobody(await store.findUserByUsername(absentUsername, context), absentUsername)
  },

  'returns undefined for an unknown id': async ({ store, user }) => {
    for (const userId of idsOfNobody(user.userId)) {
      assertNobody(await store.findUser(userId, context), userId)
    }
  },

  'treats every name as plain text, never as a pattern or a query': async ({ store, username }) => {
    for (const name of namesOfNobody(username)) {
      assertNobody(await store.findUserByUsername(name, context), name)
    }
  },

  'decides the same way for every request': async ({ store, username, user }) => {
    for (const spelling of [username, ...respelled(username)]) {
      const first = await store.findUserByUsername(spelling, context)
      const second = await store.findUserByUsername(spelling, context)
      assertSame(second?.userId, first?.userId, 'A name is one user, or nobody, for every request.')
      if (first === undefined) continue
      assertSame(
        first.userId,
        user.userId,
        'Another spelling of a name is the same user or nobody, never somebody else.',
      )
    }
  },

  'replaces the password hash of one user, if it can': async ({ store, username, user, otherUser }) => {
    if (store.updatePasswordHash === undefined) throw new NotTested('The store has no updatePasswordHash')
    await store.updatePasswordHash(user.userId, newPasswordHash, user.passwordHash, context)
    assertUser(await store.findUser(user.userId, context), { ...user, passwordHash: newPasswordHash })
    assertUser(await store.findUserByUsername(username, context), { ...user, passwordHash: newPasswordHash })
    if (otherUser === undefined) return
    const rule =
      'Only the user who signed in gets a new hash: with it anybody else would have the password of that user.'
    assertUser(await store.findUser(otherUser.userId, context), otherUser, rule)
  },

  'replaces no password hash that has changed meanwhile': async ({ store, username, user }) => {
    if (store.updatePasswordHash === undefined) throw new NotTested('The store has no updatePasswordHash')
    const verified = `${user.passwordHash}-before`
    // Whether that is an error is for the store to decide.
    await isRefused(() => store.updatePasswordHash?.(user.userId, newPasswordHash, verified, context))
    const rule =
      'A hash is replaced only where it is still the one that was verified: else a changed password is undone.'
    assertUser(await store.findUser(user.userId, context), user, rule)
    assertUser(await store.findUserByUsername(username, context), user, rule)
  },

  'replaces no password hash for an unknown id': async ({ store, user, otherUser }) => {
    if (store.updatePasswordHash === undefined) throw new NotTested('The store has no updatePasswordHash')
    const { userId } = user
    for (const id of [`${userId}-`, `x${userId}`, `0${userId}`, ...respelled(userId), '', '%', '*', `' OR '1'='1`]) {
      // Where ids are numbers or UUIDs, another spelling may be the same one.
      if ((await store.findUser(id, context)) !== undefined) continue
      // Whether that is an error is for the store to decide.
      await isRefused(() => store.updatePasswordHash?.(id, newPasswordHash, user.passwordHash, context))
      const rule = `${JSON.stringify(id)} is nobody: a hash that is replaced for a similar id belongs to somebody else.`
      for (const one of [user, otherUser]) {
        if (one !== undefined) assertUser(await store.findUser(one.userId, context), one, rule)
      }
    }
  },
}

const newPasswordHash = '$2b$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'

/** The application may answer with more of its own fields. */
function assertUser(
  found: User | undefined,
  { userId, passwordHash, disabled }: User,
  rule = 'Both look-ups tell the same of a user: the stable id, the hash as it was written, whether disabled.',
): void {
  const told = found && { userId: found.userId, passwordHash: found.passwordHash, disabled: found.disabled ?? false }
  assertSame(told, { userId, passwordHash, disabled: disabled ?? false }, rule)
}
