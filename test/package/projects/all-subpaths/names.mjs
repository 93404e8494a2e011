import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const subpaths = Object.keys(require('latchkey/package.json').exports).filter((subpath) => subpath !== './package.json')
const names = {}
for (const subpath of subpaths) {
  const specifier = subpath.replace('.', 'latchkey')
  names[subpath] = {
    imported: Object.keys(await import(specifier)).sort(),
    required: Object.keys(require(specifier)).sort(),
  }
}
console.log(JSON.stringify(names))
