import type { RotationOutcome, TokenStore } from '../../stores/token-store.js'
import { assertSame } from '../rule-assertions.js'
import type { Rotation, SignIn } from '../token-records.js'
import { assertAlive, assertDead } from './stored-tokens.js'

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
      assertSame(outcome, expected, 'All others are told of the spending of the winner.')
      await assertDead(store, rotation, 'There is one live successor, not several.')
    }
  }
}
