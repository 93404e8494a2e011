import { describeFuzz } from './fuzzer/fuzz.js'

// Seeds that do not change: what passes today passes tomorrow. `npm run test:long` takes a random one.
describeFuzz(1, 1500)
