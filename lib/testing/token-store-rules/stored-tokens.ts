import type { TokenHash } from '../../crypto/hash.js'
import type {
  AccessTokenRecord,
  Authorization,
  NewRefreshToken,
  NewTokens,
  TokenStore,
} from '../../stores/token-store.js'
import { contractContext as context } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'

/** Tokens of one answer, of a sign-in or of a rotation. */
export interface AnsweredTokens {
  readonly accessToken: AccessTokenRecord | undefined
  readonly refreshToken: NewRefreshToken | undefined
}

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
export async function assertAlive(
  store: TokenStore,
  { authorization, accessToken, refreshToken }: AnsweredTokens & { readonly authorization: Authorization | undefined },
  rule: string,
): Promise<void> {
  if (accessToken !== undefined) {
    assertSame(await store.findAccessToken(accessToken.tokenHash, context), accessToken, rule)
  }
  if (refreshToken === undefined) return
  const found = await store.findRefreshToken(refreshToken.tokenHash, context)
  assertSame(found, { ...refreshToken, authorization, spending: undefined }, rule)
}

/** Requires that none of the tokens of an answer is found. */
export async function assertDead(
  store: TokenStore,
  { accessToken, refreshToken }: AnsweredTokens,
  rule: string,
): Promise<void> {
  for (const token of [accessToken, refreshToken]) {
    if (token !== undefined) await assertUnknown(store, token.tokenHash, rule)
  }
}
