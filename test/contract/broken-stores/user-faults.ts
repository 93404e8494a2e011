import type { User, UserStore } from '../../../lib/stores/user-store.js'
import { nothing } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'user store'

/** The user whom the stores of this file know; her name is typed `ada`. */
export const ada: User = { userId: 'u-1', passwordHash: '$2b$10$first' }

/** Another user, whose name is `bob`. */
export const bob: User = { userId: 'u-2', passwordHash: '$2b$10$second', disabled: true }

/** A sound store with one more user, so that a wrong answer can be told from the right one. */
export function soundUserStore(): UserStore {
  const users = new Map<string, User>([
    ['ada', ada],
    ['bob', bob],
  ])
  return {
    findUserByUsername: (username) => users.get(username),
    findUser: (userId) => [...users.values()].find((user) => user.userId === userId),
    updatePasswordHash(userId, passwordHash, replacedHash) {
      for (const [username, user] of users) {
        const isMeant = user.userId === userId && user.passwordHash === replacedHash
        if (isMeant) users.set(username, { ...user, passwordHash })
      }
    },
  }
}

export const userFaults: readonly PlantedFault<UserStore>[] = [
  {
    fault: 'the name is taken for the id',
    rule: `${group} > finds a user by the name that is typed`,
    says: 'Both look-ups tell the same of a user',
    store: faulty((sound) => ({ findUserByUsername: (username, context) => sound.findUser(username, context) })),
  },
  {
    fault: 'the id is taken for the name',
    rule: `${group} > finds a user by id`,
    says: 'Both look-ups tell the same of a user',
    store: faulty((sound) => ({ findUser: (userId, context) => sound.findUserByUsername(userId, context) })),
  },
  {
    fault: 'whether a user is disabled comes back as a number',
    rule: `${group} > tells the id, the hash and whether the user is disabled`,
    says: '`disabled` is a boolean or absent: a 1, a 0 or a date from a database is neither',
    store: faulty((sound) => ({
      async findUserByUsername(username, context) {
        const user = await sound.findUserByUsername(username, context)
        return user && { ...user, disabled: 0 as unknown as boolean }
      },
    })),
  },
  {
    fault: 'whether a user is locked comes back as a date',
    rule: `${group} > tells the id, the hash and whether the user is disabled`,
    says: '`locked` is a boolean or absent: a 1, a 0 or a date from a database is neither',
    store: faulty((sound) => ({
      async findUserByUsername(username, context) {
        const user = await sound.findUserByUsername(username, context)
        return user && { ...user, locked: new Date(0) as unknown as boolean }
      },
    })),
  },
  {
    fault: 'nobody is null',
    rule: `${group} > returns undefined for an unknown name`,
    says: '"nobody" is nobody: undefined, not null, no exception, and no pattern or query in it',
    store: faulty((sound) => ({
      findUserByUsername: async (username, context) => (await sound.findUserByUsername(username, context)) ?? nothing,
    })),
  },
  {
    fault: 'an unknown id is an error',
    rule: `${group} > returns undefined for an unknown id`,
    says: 'This rule expects a result: for an exception the server responds server_error.\n  found:    Error: not found',
    store: faulty((sound) => ({
      async findUser(userId, context) {
        const user = await sound.findUser(userId, context)
        if (user === undefined) throw new Error('not found')
        return user
      },
    })),
  },
  {
    fault: 'the name is a pattern',
    rule: `${group} > treats every name as plain text, never as a pattern or a query`,
    says: '"%" is nobody: undefined, not null, no exception, and no pattern or query in it',
    store: faulty((sound) => ({
      findUserByUsername(username, context) {
        const pattern = new RegExp(`^${username.replaceAll('%', '.*').replaceAll(/[()]/g, '')}$`)
        return sound.findUserByUsername(['ada', 'bob'].find((name) => pattern.test(name)) ?? '', context)
      },
    })),
  },
  {
    fault: 'another spelling of a name is somebody else',
    rule: `${group} > decides the same way for every request`,
    says: 'Another spelling of a name is the same user or nobody, never somebody else',
    store: faulty((sound) => ({
      findUserByUsername: (username, context) =>
        sound.findUserByUsername(username === 'ADA' ? 'bob' : username, context),
    })),
  },
  {
    fault: 'a new password hash is not kept',
    rule: `${group} > replaces the password hash of one user, if it can`,
    says: 'Both look-ups tell the same of a user',
    store: faulty(() => ({ updatePasswordHash: () => undefined })),
  },
  {
    fault: 'the hash of every user is replaced',
    rule: `${group} > replaces the password hash of one user, if it can`,
    says: 'Only the user who signed in gets a new hash',
    store: faulty((sound) => ({
      async updatePasswordHash(_userId, passwordHash, _replaced, context) {
        for (const { userId, passwordHash: replaced } of [ada, bob])
          await sound.updatePasswordHash?.(userId, passwordHash, replaced, context)
      },
    })),
  },
  {
    fault: 'a hash is replaced that was changed after it was verified',
    rule: `${group} > replaces no password hash that has changed meanwhile`,
    says: 'A hash is replaced only where it is still the one that was verified',
    store: faulty((sound) => ({
      async updatePasswordHash(userId, passwordHash, _verified, context) {
        const replaced = (await sound.findUser(userId, context))?.passwordHash ?? ''
        await sound.updatePasswordHash?.(userId, passwordHash, replaced, context)
      },
    })),
  },
  {
    fault: 'the hash of a similar id is replaced',
    rule: `${group} > replaces no password hash for an unknown id`,
    says: 'a hash that is replaced for a similar id belongs to somebody else',
    store: faulty((sound) => ({
      updatePasswordHash: (userId, passwordHash, replaced, context) =>
        sound.updatePasswordHash?.(userId.toLowerCase(), passwordHash, replaced, context),
    })),
  },
]

function faulty(fault: (sound: UserStore) => Partial<UserStore>): () => UserStore {
  return () => {
    const sound = soundUserStore()
    return { ...sound, ...fault(sound) }
  }
}
