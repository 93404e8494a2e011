import { describe, expect, it } from 'vitest'
import { whatIsSaidOf } from './mistakes.js'
import { wrongClients } from './mistakes/clients.js'
import { wrongKeys } from './mistakes/keys.js'
import { uncalled } from './mistakes/uncalled.js'
import { wrongOptions } from './mistakes/options.js'
import { wrongKinds } from './mistakes/wrong-kinds.js'

describe.each([
  ['values of a wrong kind', wrongKinds],
  ['clients', wrongClients],
  ['options', wrongOptions],
  ['keys', wrongKeys],
  ['what was not called', uncalled],
])('the message about %s', (_title, mistakes) => {
  it.each(mistakes.map((mistake) => [mistake.mistake, mistake] as const))('%s', async (_mistake, mistake) => {
    expect(await whatIsSaidOf(mistake)).toEqual(mistake.says)
  })
})
