import { SPENT_TOKENS_KEPT } from '../token-store.js'

/**
 * After so many rotations of a sign-in those of its spent tokens go that need not be kept. So there are at most
 * {@link SPENT_TOKENS_KEPT} and one less than this.
 */
const ROTATIONS_BETWEEN_TRIMS = 64

/** How many of the oldest tokens one trim looks at: more than were added since the last one. */
const TOKENS_IN_TRIM = 256

/** Whether old tokens of its sign-in are due when a token of this generation was stored. */
export function isTrimDue(generation: number): boolean {
  return generation % ROTATIONS_BETWEEN_TRIMS === 0
}

/** What a trim needs to know: the sign-in, the oldest generation that is kept, the time. */
export function trimValues(
  authorizationId: string,
  generation: number,
  now: number,
): readonly [string, number, number] {
  return [authorizationId, generation - SPENT_TOKENS_KEPT, now]
}

/** The oldest tokens of a sign-in; tokens of earlier versions have no generation, and come first. Value: the id. */
export function oldestTokens(order: string): string {
  return `
    SELECT token_hash, generation, expires_at, spent_at FROM latchkey_refresh_token
    WHERE authorization_id = ? ORDER BY ${order} LIMIT ${String(TOKENS_IN_TRIM)}
  `
}

/** Which of them need not be kept. Values: the oldest generation that is kept, the time. */
export const needNotBeKept = `
  oldest.spent_at IS NOT NULL AND (coalesce(oldest.generation, 0) < ? OR oldest.expires_at <= ?)
`
