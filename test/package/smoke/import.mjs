import { createRequire } from 'node:module'
import { smoke, subpathsOf } from './smoke.cjs'

const manifest = createRequire(import.meta.url)('latchkey/package.json')
await smoke((specifier) => import(specifier), subpathsOf(manifest))
console.log('works')
