export { createMemoryStores, type MemoryStores, type MemoryStoresOptions } from './create-memory-stores.js'
export { MemoryClientStore } from './memory-client-store.js'
export { MemoryKeyStore } from './memory-key-store.js'
export { MemoryTokenStore, type MemoryTokenStoreOptions } from './memory-token-store.js'
