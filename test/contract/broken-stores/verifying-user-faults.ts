import type { KnownUser, UserAuthentication, VerifyingUserStore } from '../../../lib/stores/user-store.js'
import type { VerifyingUserStoreUnderTest } from '../../../lib/testing/verifying-user-store-contract.js'
import { nothing } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'verifying user store'

/** Whom the stores of this file know, and what they are asked. */
export const grace: Omit<VerifyingUserStoreUnderTest, 'store'> = {
  username: 'grace',
  password: 'Correct horse',
  userId: 'u-1',
  absentUsername: 'nobody',
  lockedUsername: 'lin',
}

const users: ReadonlyMap<string, KnownUser> = new Map([
  ['grace', { userId: 'u-1' }],
  ['lin', { userId: 'u-2', disabled: true }],
])

/** A sound store in which all have one password, so that nothing but the name tells them apart. */
export function soundVerifyingUserStore(): VerifyingUserStore {
  return {
    authenticateUser(username, password) {
      const user = users.get(username)
      if (user === undefined || password !== grace.password) return { outcome: 'denied' }
      return { outcome: user.disabled ? 'locked' : 'ok', userId: user.userId }
    },
    findUser: (userId) => [...users.values()].find((user) => user.userId === userId),
  }
}

export const verifyingUserFaults: readonly PlantedFault<VerifyingUserStore>[] = [
  {
    fault: 'nobody is let in',
    rule: `${group} > tells the id of a user whose password is right`,
    says: 'The right password is `ok`, each time with the same id',
    store: faulty(() => ({ authenticateUser: () => ({ outcome: 'denied' }) })),
  },
  {
    fault: 'each sign-in has an id of its own',
    rule: `${group} > tells the id of a user whose password is right`,
    says: 'The right password is `ok`, each time with the same id',
    store: faulty((sound) => {
      let signIns = 0
      return answering(sound, (answer) => {
        signIns += 1
        return answer.outcome === 'ok' && signIns > 1 ? { ...answer, userId: `u-${String(signIns)}` } : answer
      })
    }),
  },
  {
    fault: 'users are found by their names',
    rule: `${group} > finds that user by id`,
    says: 'Both methods tell the same id',
    store: faulty(() => ({ findUser: (userId) => users.get(userId) })),
  },
  {
    fault: 'whether a user is disabled comes back as a number',
    rule: `${group} > finds that user by id`,
    says: 'who is let in is not disabled (false or absent, no 0 and no date)',
    store: faulty(() => ({ findUser: (userId) => ({ userId, disabled: 0 as unknown as boolean }) })),
  },
  {
    fault: 'nobody is null',
    rule: `${group} > returns undefined for an unknown id`,
    says: '"u-1-" is nobody: undefined, not null',
    store: faulty((sound) => ({
      findUser: async (userId, context) => (await sound.findUser(userId, context)) ?? nothing,
    })),
  },
  {
    fault: 'whoever is asked for is there',
    rule: `${group} > returns undefined for an unknown id`,
    says: '"u-1-" is nobody: undefined, not null',
    store: faulty(() => ({ findUser: (userId) => ({ userId }) })),
  },
  {
    fault: 'any password is right',
    rule: `${group} > denies a wrong password`,
    says: 'A wrong password is `denied` or `locked`',
    store: asking(({ username }) => ({ username, password: 'Correct horse' })),
  },
  {
    fault: 'a wrong password is an error',
    rule: `${group} > denies a wrong password`,
    says: 'This rule expects a result: for an exception the server responds server_error.\n  found:    Error: Invalid Credentials',
    store: faulty((sound) =>
      answering(sound, (answer) => {
        if (answer.outcome === 'denied') throw new Error('Invalid Credentials')
        return answer
      }),
    ),
  },
  {
    fault: 'another step is asked for before the password is verified',
    rule: `${group} > denies a wrong password`,
    says: '`challenge` tells that the password is right',
    store: faulty((sound) =>
      answering(sound, (answer) => (answer.outcome === 'denied' ? { outcome: 'challenge' } : answer)),
    ),
  },
  {
    fault: 'an empty password is a sign-in as anonymous',
    rule: `${group} > denies an empty password`,
    says: 'a directory lets it in as anonymous (RFC 4513 §5.1.2)',
    store: faulty((sound) => ({
      authenticateUser: (username, password, context) =>
        password === ''
          ? { outcome: 'ok', userId: users.get(username)?.userId ?? 'anonymous' }
          : sound.authenticateUser(username, password, context),
    })),
  },
  {
    fault: 'an empty password is a sign-in as anonymous, and nobody has no id',
    rule: `${group} > denies an empty password`,
    says: 'a directory lets it in as anonymous (RFC 4513 §5.1.2)',
    store: faulty((sound) => ({
      authenticateUser: (username, password, context) =>
        password === '' && username === ''
          ? { outcome: 'ok', userId: 'anonymous' }
          : sound.authenticateUser(username, password, context),
    })),
  },
  ...Object.entries({
    'spaces behind a password': ['with a space behind it', (password: string) => password.trimEnd()],
    'spaces before a password': ['with a space before it', (password: string) => password.trimStart()],
    'the case of a password': ['in upper case', capitalized],
    'the end of a password': ['without its last character', (password: string) => password.replace(/hors$/, 'horse')],
    'what is behind the thirteenth character': ['with a space behind it', (password: string) => password.slice(0, 13)],
    'letters behind a password': ['with a letter behind it', (password: string) => password.replace(/x$/, '')],
    'what is behind a NUL': ['with a NUL and more behind it', (password: string) => password.split('\0')[0] ?? ''],
    'what is behind the 9,000th character': [
      'with more behind it, 10,000 characters in all',
      (password: string) => (password.length > 9000 ? password.slice(0, 13) : password),
    ],
  } as const).map(([ignored, [what, read]]) => ({
    fault: `the store ignores ${ignored}`,
    rule: `${group} > compares a password exactly`,
    says: `The password ${what} is another password`,
    store: asking(({ username, password }) => ({ username, password: read(password) })),
  })),
  {
    fault: 'whoever is not known yet gets an account',
    rule: `${group} > denies an unknown name`,
    says: '"nobody" is nobody, which is `denied` as a wrong password is',
    store: asking(({ username, password }) => ({ username: users.has(username) ? username : 'grace', password })),
  },
  {
    fault: 'an unknown name is an error',
    rule: `${group} > denies an unknown name`,
    says: 'This rule expects a result: for an exception the server responds server_error.\n  found:    Error: No Such Object',
    store: asking(({ username, password }) => {
      if (!users.has(username)) throw new Error('No Such Object')
      return { username, password }
    }),
  },
  {
    fault: 'the name is a part of a filter',
    rule: `${group} > treats every name as plain text, never as a pattern or a query`,
    says: '"*" is nobody: no exception, and no pattern, filter or query in it',
    store: asking(({ username, password }) => ({ username: username === '*' ? 'grace' : username, password })),
  },
  {
    fault: 'a filter in the name comes to its end',
    rule: `${group} > treats every name as plain text, never as a pattern or a query`,
    says: '"grace)(uid=*" is nobody: no exception, and no pattern, filter or query in it',
    store: asking(({ username, password }) => ({ username: username.replace(/(?<=.)\)\(uid=\*$/, ''), password })),
  },
  {
    fault: 'another spelling of a name is somebody else',
    rule: `${group} > treats another spelling of a name as the same user or as unknown`,
    says: '"GRACE" is the same user or nobody',
    store: faulty((sound) => ({
      authenticateUser: (username, password, context) =>
        username === 'GRACE'
          ? { outcome: 'ok', userId: 'u-3' }
          : sound.authenticateUser(username.toLowerCase(), password, context),
    })),
  },
  {
    fault: 'whoever knows the password is let in',
    rule: `${group} > denies a user who is locked or disabled`,
    says: '"lin" is locked or disabled: then the right password is not enough',
    store: faulty((sound) =>
      answering(sound, (answer) => (answer.outcome === 'locked' ? { outcome: 'ok', userId: 'u-2' } : answer)),
    ),
  },
  ...Object.entries({
    'a boolean': [true, false],
    'null for whoever is not let in': [{ outcome: 'ok', userId: 'u-1' }, null],
    'an outcome of its own': [{ outcome: 'ok', userId: 'u-1' }, { outcome: 'expired' }],
    'ok without an id': [{ outcome: 'ok' }, { outcome: 'denied' }],
    'an id that is a number': [{ outcome: 'ok', userId: 1 }, { outcome: 'denied' }],
    'an id that is empty': [
      { outcome: 'ok', userId: 'u-1' },
      { outcome: 'denied', userId: '' },
    ],
    'an id that is null': [
      { outcome: 'ok', userId: 'u-1' },
      { outcome: 'denied', userId: null },
    ],
  }).map(([answered, [letIn, refused]]) => ({
    fault: `the answer is ${answered}`,
    rule: `${group} > returns one of the four outcomes`,
    says: 'An answer has an outcome, and an id that is a string, not empty',
    store: faulty((sound) =>
      answering(sound, ({ outcome }) => (outcome === 'ok' ? letIn : refused) as UserAuthentication),
    ),
  })),
]

interface Credentials {
  readonly username: string
  readonly password: string
}

/** A store that reads something else than it was given. */
function asking(read: (given: Credentials) => Credentials): () => VerifyingUserStore {
  return faulty((sound) => ({
    authenticateUser(given, typed, context) {
      const { username, password } = read({ username: given, password: typed })
      return sound.authenticateUser(username, password, context)
    },
  }))
}

/** The method of a store that answers something else than it found. */
function answering(
  sound: VerifyingUserStore,
  answer: (found: UserAuthentication) => UserAuthentication,
): Pick<VerifyingUserStore, 'authenticateUser'> {
  return {
    authenticateUser: async (username, password, context) =>
      answer(await sound.authenticateUser(username, password, context)),
  }
}

function faulty(fault: (sound: VerifyingUserStore) => Partial<VerifyingUserStore>): () => VerifyingUserStore {
  return () => {
    const sound = soundVerifyingUserStore()
    return { ...sound, ...fault(sound) }
  }
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).toLowerCase()
}
