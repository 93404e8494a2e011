import { describe, expect, it } from 'vitest'
import { whatIsSaidOf } from './mistakes.js'
import { wrongKinds } from './mistakes/wrong-kinds.js'

describe.each([['values of a wrong kind', wrongKinds]])('what is said of %s', (_title, mistakes) => {
  it.each(mistakes.map((mistake) => [mistake.mistake, mistake] as const))('%s', async (_mistake, mistake) => {
    expect(await whatIsSaidOf(mistake)).toEqual(mistake.says)
  })
})
