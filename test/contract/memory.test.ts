import { clientStoreContract, keyStoreContract, tokenStoreContract } from 'latchkey/testing'
import { createMemoryStores } from 'latchkey/stores/memory'
import { describe, it } from 'vitest'

describe('memory', () => {
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
})
