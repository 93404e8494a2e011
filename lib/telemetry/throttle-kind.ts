/**
 * What failures are counted for. `account`, `client`: guesses at one of them, from anywhere. `known_account`, `known_client`: the same from
 * an address where it succeeded before. `device`: guesses with a device token of the account. `user`: guesses at a user under all
 * spellings of the name. `address`, `network`: everything from one address, and from one IPv6 /48. `token`, `token_network`: tokens that
 * nobody issued, from these.
 */
export type ThrottleKind =
  | 'account'
  | 'known_account'
  | 'client'
  | 'known_client'
  | 'address'
  | 'token'
  | 'user'
  | 'device'
  | 'network'
  | 'token_network'
