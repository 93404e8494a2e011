export {
  clientStoreContract,
  type ClientStoreContractOptions,
  type ClientStoreUnderTest,
} from './client-store-contract.js'
export type { TestRunner } from './contract-rule.js'
export { keyStoreContract, type KeyStoreContractOptions } from './key-store-contract.js'
export type { KeyStoreUnderTest } from './key-store-under-test.js'
export { tokenStoreContract, type TokenStoreContractOptions } from './token-store-contract.js'
export type { TokenStoreUnderTest } from './token-store-under-test.js'
export { userStoreContract, type UserStoreContractOptions } from './user-store-contract.js'
export type { UserStoreUnderTest } from './user-store-under-test.js'
export { verifyingUserStoreContract, type VerifyingUserStoreContractOptions } from './verifying-user-store-contract.js'
export type { VerifyingUserStoreUnderTest } from './verifying-user-store-under-test.js'
