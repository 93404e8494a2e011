export {
  clientStoreContract,
  type ClientStoreContractOptions,
  type ClientStoreUnderTest,
} from './client-store-contract.js'
export type { TestRunner } from './contract-rule.js'
export { keyStoreContract, type KeyStoreContractOptions, type KeyStoreUnderTest } from './key-store-contract.js'
export { tokenStoreContract, type TokenStoreContractOptions } from './token-store-contract.js'
export type { TokenStoreUnderTest } from './token-store-under-test.js'
export { userStoreContract, type UserStoreContractOptions, type UserStoreUnderTest } from './user-store-contract.js'
export {
  verifyingUserStoreContract,
  type VerifyingUserStoreContractOptions,
  type VerifyingUserStoreUnderTest,
} from './verifying-user-store-contract.js'
