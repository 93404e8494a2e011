import { setTimeout } from 'node:timers/promises'
import type { RotationOutcome, TokenStore } from '../../stores/token-store.js'
import { contractContext as context, type ContractRules, requireTestable } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import { newRotation, newSignIn, type Rotation, type SignIn } from '../token-records.js'
import type { TokenStoreUnderTest } from '../token-store-under-test.js'
import { assertOneWinner, save } from './token-assertions.js'

/** Milliseconds that this process waits before it rotates, until the other one has been told to. */
const delays = [0, 0, 1, 2, 4]

export const rotationBetweenProcessesRules: ContractRules<TokenStoreUnderTest> = {
  'lets exactly one of fifty rotations win, half of them in another process': async ({ store, rotateElsewhere }) => {
    requireTestable(rotateElsewhere, 'create returns no rotateElsewhere')
    const first = await savedSignIn(store)
    const elsewhere = await rotateElsewhere([newRotation(first), newRotation(first)])
    const rule = 'What one process has saved another can spend, once: it may serve the next request.'
    assertSame(outcomesOf(elsewhere), ['already_spent', 'rotated'], rule)

    for (const delay of delays) {
      const signIn = await savedSignIn(store)
      const [here, there] = [newRotations(signIn), newRotations(signIn)]
      const outcomes = await Promise.all([rotateElsewhere(there), rotateAfter(delay, store, here)])
      const attempts = [...there, ...here].map((rotation, index) => ({ rotation, outcome: outcomes.flat()[index] }))
      await assertOneWinner(store, signIn, attempts)
    }
  },
}

async function savedSignIn(store: TokenStore): Promise<SignIn> {
  const signIn = newSignIn()
  await save(store, signIn)
  return signIn
}

function newRotations(signIn: SignIn): readonly Rotation[] {
  return Array.from({ length: 25 }, () => newRotation(signIn))
}

async function rotateAfter(
  milliseconds: number,
  store: TokenStore,
  rotations: readonly Rotation[],
): Promise<readonly RotationOutcome[]> {
  if (milliseconds > 0) await setTimeout(milliseconds)
  return Promise.all(rotations.map(async (rotation) => store.rotateRefreshToken(rotation, context)))
}

function outcomesOf(outcomes: readonly RotationOutcome[]): string[] {
  return outcomes.map(({ outcome }) => outcome).sort()
}
