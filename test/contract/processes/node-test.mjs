// Checks the memory stores, and users in an array, with the runner of Node.
import { describe, it } from 'node:test'

const { clientStoreContract, keyStoreContract, tokenStoreContract, userStoreContract } = await import(
  process.env.TESTING
)
const { createMemoryStores } = await import(process.env.MEMORY)

tokenStoreContract({
  describe,
  it,
  create() {
    const stores = createMemoryStores()
    return { store: stores.tokens, close: () => stores.close() }
  },
})

keyStoreContract({
  describe,
  it,
  create() {
    const stores = createMemoryStores()
    return { store: stores.keys, close: () => stores.close() }
  },
})

clientStoreContract({
  describe,
  it,
  create(clients) {
    const stores = createMemoryStores({ clients })
    return { store: stores.clients, close: () => stores.close() }
  },
})

userStoreContract({
  describe,
  it,
  create() {
    const [user, otherUser] = [
      { username: 'ada', userId: 'u-1', passwordHash: '$2b$10$first' },
      { username: 'bob', userId: 'u-2', passwordHash: '$2b$10$second', disabled: true },
    ]
    const users = [user, otherUser].map((one) => ({ ...one }))
    const store = {
      findUserByUsername: (username) => users.find((one) => one.username === username),
      findUser: (userId) => users.find((one) => one.userId === userId),
      updatePasswordHash(userId, passwordHash, replacedHash) {
        const found = users.find((one) => one.userId === userId && one.passwordHash === replacedHash)
        if (found !== undefined) found.passwordHash = passwordHash
      },
    }
    return { store, username: 'ada', user, otherUser, absentUsername: 'nobody' }
  },
})
