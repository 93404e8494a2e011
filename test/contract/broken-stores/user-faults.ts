import type { User, UserStore } from '../../../lib/stores/user-store.js'
import { nothing } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'user store'

/** The user whom the stores of this file know; her name is typed `ada`. */
export const ada: User = { userId: 'u-1', passwordHash: '$2b$10$first' }

/** A sound store with one more user, so that a wrong answer can be told from the right one. */
export function soundUserStore(): UserStore {
  const users = new Map<string, User>([
    ['ada', ada],
    ['bob', { userId: 'u-2', passwordHash: '$2b$10$second', disabled: true }],
  ])
  return {
    findUserByUsername: (username) => users.get(username),
    findUser: (userId) => [...users.values()].find((user) => user.userId === userId),
    updatePasswordHash(userId, passwordHash) {
      for (const [username, user] of users) if (user.userId === userId) users.set(username, { ...user, passwordHash })
    },
  }
}

export const userFaults: readonly PlantedFault<UserStore>[] = [
  {
    fault: 'the name is taken for the id',
    rule: `${group} > finds a user by the name that is typed`,
    store: faulty((sound) => ({ findUserByUsername: (username, context) => sound.findUser(username, context) })),
  },
  {
    fault: 'the id is taken for the name',
    rule: `${group} > finds a user by id`,
    store: faulty((sound) => ({ findUser: (userId, context) => sound.findUserByUsername(userId, context) })),
  },
  {
    fault: 'whether a user is disabled comes back as a number',
    rule: `${group} > tells the id, the hash and whether the user is disabled`,
    store: faulty((sound) => ({
      async findUserByUsername(username, context) {
        const user = await sound.findUserByUsername(username, context)
        return user && { ...user, disabled: 0 as unknown as boolean }
      },
    })),
  },
  {
    fault: 'nobody is null',
    rule: `${group} > answers undefined for a name that nobody has`,
    store: faulty((sound) => ({
      findUserByUsername: async (username, context) => (await sound.findUserByUsername(username, context)) ?? nothing,
    })),
  },
  {
    fault: 'an unknown id is an error',
    rule: `${group} > answers undefined for an id that nobody has`,
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
    rule: `${group} > takes a name for a name, whatever it looks like`,
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
    store: faulty((sound) => ({
      findUserByUsername: (username, context) =>
        sound.findUserByUsername(username === 'ADA' ? 'bob' : username, context),
    })),
  },
  {
    fault: 'the hash of every user is replaced',
    rule: `${group} > replaces the password hash of one user, if it can`,
    store: faulty((sound) => ({
      async updatePasswordHash(_userId, passwordHash, context) {
        for (const userId of ['u-1', 'u-2']) await sound.updatePasswordHash?.(userId, passwordHash, context)
      },
    })),
  },
]

function faulty(fault: (sound: UserStore) => Partial<UserStore>): () => UserStore {
  return () => {
    const sound = soundUserStore()
    return { ...sound, ...fault(sound) }
  }
}
