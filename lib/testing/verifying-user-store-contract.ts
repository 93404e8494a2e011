import type { UserAuthentication, VerifyingUserStore } from '../stores/user-store.js'
import type { MaybePromise } from '../time/maybe-promise.js'
import {
  type ContractRules,
  type TestRunner,
  contractContext as context,
  registerRules,
  requireTestable,
} from './contract-rule.js'
import { assertSame, isRefused } from './rule-assertions.js'
import { assertNobody, idsOfNobody, namesOfNobody, quoted, respelled } from './user-names.js'

/** What `create` gives: the application's store and one user whom it lets in. */
export interface VerifyingUserStoreUnderTest {
  readonly store: VerifyingUserStore
  /** A name that the user signs in with. */
  readonly username: string
  /** The password of the user. It must have letters, because it is tried in another case too. */
  readonly password: string
  /** The stable id that the store must return. */
  readonly userId: string
  /** A name that nobody signs in with. */
  readonly absentUsername: string
  /** The name of a user who has the same password, and is locked or disabled. Absent: that is not checked. */
  readonly lockedUsername?: string | undefined
  /** Called after each test, also a failed one. */
  readonly close?: (() => MaybePromise<void>) | undefined
}

/** The runner's functions and the adapter. */
export interface VerifyingUserStoreContractOptions extends TestRunner {
  /**
   * Creates the store as it was before the first test; called once for each rule. Some rules try a dozen wrong passwords. If these lock the
   * user, the lock must be gone for the next rule.
   */
  readonly create: () => MaybePromise<VerifyingUserStoreUnderTest>
}

/**
 * Registers the tests that every `VerifyingUserStore` must pass. The time of a response is not measured.
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest'
 * declare function openTestDirectory(): Promise<VerifyingUserStoreUnderTest>
 *
 * verifyingUserStoreContract({ describe, it, create: () => openTestDirectory() })
 * ```
 */
export function verifyingUserStoreContract({ create, ...runner }: VerifyingUserStoreContractOptions): void {
  registerRules(runner, 'verifying user store', verifyingUserStoreRules, create)
}

const verifyingUserStoreRules: ContractRules<VerifyingUserStoreUnderTest> = {
  'tells the id of a user whose password is right': async ({ store, username, password, userId }) => {
    for (let time = 1; time <= 2; time++) {
      const { outcome, userId: told } = await authenticate(store, username, password)
      const rule = 'The right password is `ok`, each time with the same id: it becomes the `sub` of tokens.'
      assertSame({ outcome, userId: told }, { outcome: 'ok', userId }, rule)
    }
  },

  'finds that user by id': async ({ store, userId }) => {
    const found = await store.findUser(userId, context)
    const rule =
      'Both methods tell the same id, and who is let in is not disabled (false or absent, no 0 and no date): else no refresh succeeds.'
    assertSame(found && { userId: found.userId, disabled: found.disabled ?? false }, { userId, disabled: false }, rule)
  },

  'returns undefined for an unknown id': async ({ store, userId }) => {
    for (const id of idsOfNobody(userId)) assertNobody(await store.findUser(id, context), id)
  },

  'denies a wrong password': async ({ store, username, password }) => {
    const rule =
      'A wrong password is `denied` or `locked`: an exception is answered with server_error, and `challenge` tells that the password is right.'
    await assertDenied(store, username, `not ${password}`, rule)
  },

  'denies an empty password': async ({ store, username, absentUsername, lockedUsername }) => {
    const rule =
      'An empty password is nobody’s: a directory lets it in as anonymous (RFC 4513 §5.1.2), whatever the name.'
    for (const name of [username, absentUsername, lockedUsername, '']) {
      if (name !== undefined) await assertDenied(store, name, '', rule)
    }
  },

  'compares a password exactly': async ({ store, username, password }) => {
    for (const [what, similar] of Object.entries(similarPasswords(password))) {
      if (similar !== password) await assertDenied(store, username, similar, anotherPassword(what))
    }
    for (const [what, similar] of Object.entries(passwordsBeyondTheGrant(password))) {
      // The password grant refuses these itself: whether that is an error is for the store to decide.
      if (await isRefused(() => store.authenticateUser(username, similar, context))) continue
      await assertDenied(store, username, similar, anotherPassword(what))
    }
  },

  'denies an unknown name': async ({ store, password, absentUsername }) => {
    const rule = `${quoted(absentUsername)} is nobody, which is \`denied\` as a wrong password is: else names can be found out.`
    for (const tried of [password, `not ${password}`]) await assertDenied(store, absentUsername, tried, rule)
  },

  'treats every name as plain text, never as a pattern or a query': async ({ store, username, password }) => {
    for (const name of namesOfNobody(username)) {
      const rule = `${quoted(name)} is nobody: no exception, and no pattern, filter or query in it.`
      await assertDenied(store, name, password, rule)
    }
  },

  'treats another spelling of a name as the same user or as unknown': async ({ store, username, password, userId }) => {
    for (const spelling of respelled(username)) {
      const { outcome, userId: told } = await authenticate(store, spelling, password)
      if (outcome !== 'ok') continue
      const rule = `${quoted(spelling)} is the same user or nobody, and the id does not depend on how the name is typed.`
      assertSame(told, userId, rule)
    }
  },

  'denies a user who is locked or disabled': async ({ store, password, lockedUsername }) => {
    requireTestable(lockedUsername, 'create returns no lockedUsername')
    const rule = `${quoted(lockedUsername)} is locked or disabled: then the right password is not enough.`
    await assertDenied(store, lockedUsername, password, rule)
  },

  'returns one of the four outcomes': async (subject) => {
    const { store, username, password, absentUsername, lockedUsername } = subject
    for (const name of [username, absentUsername, lockedUsername]) {
      if (name === undefined) continue
      for (const tried of [password, `not ${password}`]) {
        assertUserAuthentication(await store.authenticateUser(name, tried, context))
      }
    }
  },
}

function similarPasswords(password: string): Readonly<Record<string, string>> {
  return {
    'with a space behind it': `${password} `,
    'with a space before it': ` ${password}`,
    'in upper case': password.toUpperCase(),
    'in lower case': password.toLowerCase(),
    'without its last character': password.slice(0, -1),
    'with a letter behind it': `${password}x`,
  }
}

function passwordsBeyondTheGrant(password: string): Readonly<Record<string, string>> {
  return {
    'with a NUL and more behind it': `${password}\0x`,
    'with more behind it, 10,000 characters in all': password.padEnd(10_000, 'x'),
  }
}

function anotherPassword(what: string): string {
  return `The password ${what} is another password: it counts exactly as it came.`
}

async function assertDenied(
  store: VerifyingUserStore,
  username: string,
  password: string,
  rule: string,
): Promise<void> {
  const { outcome } = await authenticate(store, username, password)
  if (outcome !== 'locked') assertSame(outcome, 'denied', rule)
}

/** What is no object has no outcome. */
async function authenticate(
  store: VerifyingUserStore,
  username: string,
  password: string,
): Promise<Partial<UserAuthentication>> {
  return Object(await store.authenticateUser(username, password, context)) as Partial<UserAuthentication>
}

/** The application may answer with more of its own fields. */
function assertUserAuthentication(answer: unknown): void {
  const { outcome, userId } = Object(answer) as Readonly<Record<string, unknown>>
  const isOutcome = ['ok', 'denied', 'locked', 'challenge'].includes(outcome as string)
  const isId = (typeof userId === 'string' && userId !== '') || (userId === undefined && outcome !== 'ok')
  if (isOutcome && isId) return
  const rule =
    'An answer has an outcome, and an id that is a string, not empty; but for `ok` the id may be absent. For anything else the server responds server_error.'
  assertSame(answer, { outcome: 'ok, denied, locked or challenge', userId: 'an id' }, rule)
}
