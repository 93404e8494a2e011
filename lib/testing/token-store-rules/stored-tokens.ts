import type { TokenHash } from '../../protocol/token-hash.js'
import type { NewTokens, TokenStore } from '../../stores/token-store.js'
import { contractContext as context } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'

/** Saves several answers, one after the other. */
export async function save(store: TokenStore, ...answers: readonly NewTokens[]): Promise<void> {
  for (const tokens of answers) await store.saveTokens(tokens, context)
}

/** Requires that no token, access or refresh, is found by this hash. */
export async function assertUnknown(store: TokenStore, hash: TokenHash, rule: string): Promise<void> {
  assertSame(await store.findAccessToken(hash, context), undefined, rule)
  assertSame(await store.findRefreshToken(hash, context), undefined, rule)
}

/** Requires that the tokens of an answer are found as they were saved. */
export async function assertAlive(store: TokenStore, tokens: NewTokens, rule: string): Promise<void> {
  assertSame(await store.findAccessToken(tokens.accessToken.tokenHash, context), tokens.accessToken, rule)
  if (tokens.refreshToken === undefined) return
  const found = await store.findRefreshToken(tokens.refreshToken.tokenHash, context)
  assertSame(found, { ...tokens.refreshToken, authorization: tokens.authorization, spending: undefined }, rule)
}

/** Requires that none of the tokens of an answer is found. */
export async function assertDead(store: TokenStore, tokens: NewTokens, rule: string): Promise<void> {
  await assertUnknown(store, tokens.accessToken.tokenHash, rule)
  if (tokens.refreshToken !== undefined) await assertUnknown(store, tokens.refreshToken.tokenHash, rule)
}
