export {
  clientStoreContract,
  type ClientStoreContractOptions,
  type ClientStoreUnderTest,
} from './client-store-contract.js'
export type { TestRunner } from './contract-rule.js'
export { tokenStoreContract, type TokenStoreContractOptions, type TokenStoreUnderTest } from './token-store-contract.js'
export { userStoreContract, type UserStoreContractOptions, type UserStoreUnderTest } from './user-store-contract.js'
