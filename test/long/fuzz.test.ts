import { randomInt } from 'node:crypto'
import { describeFuzz } from '../abuse/fuzzer/fuzz.js'

// The title of a test that failed has its seed, to be sent again by: FUZZ_SEED=… npm run test:long fuzz (FUZZ_REQUESTS: how many for each seed).
const given = process.env['FUZZ_SEED']
const requests = Number(process.env['FUZZ_REQUESTS'] ?? 10_000)
const seeds = given === undefined ? [1, randomInt(2 ** 31)] : [Number(given)]

for (const seed of seeds) describeFuzz(seed, requests)
