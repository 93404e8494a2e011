// Checks the memory store with the runner of Node.
import { describe, it } from 'node:test'

const { tokenStoreContract } = await import(process.env.TESTING)
const { createMemoryStores } = await import(process.env.MEMORY)

tokenStoreContract({
  describe,
  it,
  create() {
    const stores = createMemoryStores()
    return { store: stores.tokens, close: () => stores.close() }
  },
})
