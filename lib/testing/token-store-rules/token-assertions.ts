import type { TokenHash } from '../../crypto/hash.js'
import type {
  AccessTokenRecord,
  Authorization,
  NewRefreshToken,
  NewTokens,
  RotationOutcome,
  TokenStore,
} from '../../stores/token-store.js'
import { contractContext as context } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import type { Rotation, SignIn } from '../token-records.js'

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

/** One of several attempts to spend the token of a sign-in. */
export interface RotationAttempt {
  readonly rotation: Rotation
  /** Absent: nothing was answered. */
  readonly outcome: RotationOutcome | undefined
}

/** Requires that one of several concurrent rotations of a sign-in's token has won, and that all others were told so. */
export async function assertOneWinner(
  store: TokenStore,
  { authorization }: SignIn,
  attempts: readonly RotationAttempt[],
): Promise<void> {
  const winners = attempts.filter(({ outcome }) => outcome?.outcome === 'rotated')
  const rule =
    'Spending is one atomic compare-and-set; two winners are two sessions, one of which is perhaps a thief’s.'
  assertSame(winners.length, 1, rule)
  for (const { rotation: winner } of winners) {
    await assertAlive(store, { ...winner, authorization }, 'The successors of the winner are alive.')
    for (const { rotation, outcome } of attempts) {
      if (rotation === winner) continue
      const expected = { outcome: 'already_spent', spending: winner.spending }
      assertSame(outcome, expected, 'All other calls return the spending of the winner.')
      await assertDead(store, rotation, 'There is one live successor, not several.')
    }
  }
}
