// The flags, and how long each measurement is.
import { parseArgs } from 'node:util'

const text = { type: 'string' }
const yes = { type: 'boolean' }
/** What was said on the command line; `run.mjs` explains it. */
export const { values: flags } = parseArgs({
  options: {
    ...{ quick: yes, list: yes, save: yes, only: text, servers: text, rounds: text, seconds: text },
    ...{ node: text, json: text, 'cpu-prof': text },
  },
})
const full = {
  ...{ rounds: 8, sampleSeconds: 0.55, warmUpSeconds: 0.7, warmUpRequests: 6000 },
  ...{ stormRounds: 3, stormSeconds: 3, importRounds: 10 },
  ...{ tokens: 200_000, bogus: 1_000_000, jwts: 200_000 },
}
const quick = {
  ...{ rounds: 2, sampleSeconds: 0.2, warmUpSeconds: 0.25, warmUpRequests: 1000, secondsAtMost: 275 },
  ...{ stormRounds: 1, stormSeconds: 1, importRounds: 2 },
  ...{ tokens: 16_000, bogus: 25_000, jwts: 4000 },
}
/** How much is measured. */
export const effort = {
  isQuick: flags.quick === true,
  ...(flags.quick ? quick : full),
  ...(flags.rounds && {
    rounds: Number(flags.rounds),
    stormRounds: Number(flags.rounds),
    importRounds: Number(flags.rounds),
  }),
  ...(flags.seconds && { sampleSeconds: Number(flags.seconds), stormSeconds: Number(flags.seconds) }),
}
export const listOf = (flag) => flag?.split(',')
