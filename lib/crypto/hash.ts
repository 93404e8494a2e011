// Not by its name: on a Node.js that has no such function, a named import ends in a SyntaxError that says nothing of versions.
import crypto from 'node:crypto'

/** Node's one-shot digest, `crypto.hash`. A Node.js without it is too old for this package, which is said when it is loaded. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- true where `engines` is heeded
export const hash: typeof crypto.hash = crypto.hash ?? refuseNode()

function refuseNode(): never {
  throw new Error(`latchkey needs Node.js 20.19 or later, and this is ${process.version}. Update Node.js.`)
}
