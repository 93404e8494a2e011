/**
 * What failures are counted for: guesses at one account or client, from anywhere; the same from an address where it succeeded before;
 * everything from one address; tokens that nobody issued, from one address.
 */
export type ThrottleKind = 'account' | 'known_account' | 'client' | 'known_client' | 'address' | 'token'
