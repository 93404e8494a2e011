// How long it takes to import a package in a new process, and how many files and octets that loads.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { attempt } from './attempt.mjs'
import { canPin } from './child.mjs'
import { passed, progress } from './progress.mjs'
import { spread } from './statistics.mjs'

const root = new URL('import-here.mjs', import.meta.url)
const peers = new URL('../peers/import-here.mjs', import.meta.url)

/** Each with what it is imported for; Express comes first, because every app has it. */
const imports = [
  { title: 'express', from: root, packages: ['express'] },
  { title: 'latchkey', from: root, packages: ['latchkey', 'latchkey/stores/memory'] },
  { title: 'latchkey/resource-server', from: root, packages: ['latchkey/resource-server'] },
  { title: '@node-oauth/express-oauth-server', from: peers, packages: ['@node-oauth/express-oauth-server'] },
  {
    title: 'oauth2orize + Passport',
    from: peers,
    packages: ['oauth2orize', 'passport', 'passport-http', 'passport-http-bearer'],
  },
  {
    title: '@jmondi/oauth2-server',
    from: peers,
    packages: ['@jmondi/oauth2-server', '@jmondi/oauth2-server/express'],
  },
  { title: 'oidc-provider', from: peers, packages: ['oidc-provider'] },
  { title: 'express-oauth2-jwt-bearer', from: peers, packages: ['express-oauth2-jwt-bearer'] },
  { title: 'express-jwt', from: peers, packages: ['express-jwt'] },
  { title: 'passport-jwt', from: peers, packages: ['passport', 'passport-jwt'] },
]

export const secondsOfStartup = ({ importRounds }) => imports.length * 0.25 * (importRounds + 1)

export async function measureStartup({ effort, node = process.execPath }) {
  const failures = []
  const samples = new Map()
  const sizes = new Map()
  for (const one of imports) {
    const isThere = await attempt(failures, one.title, () => sizes.set(one, importInNewProcess(one, node, ['--count'])))
    if (isThere) samples.set(one, [])
    passed(0.25)
  }
  for (let round = 0; round < effort.importRounds; round += 1) {
    progress(`start-up: round ${round + 1} of ${effort.importRounds}`)
    const inOrder = [...samples.keys()]
    for (const one of round % 2 === 0 ? inOrder : inOrder.toReversed()) {
      samples.get(one).push(importInNewProcess(one, node, []).milliseconds)
      passed(0.25)
    }
  }
  const cells = [...samples].map(([one, milliseconds]) => {
    const { files, octets } = sizes.get(one)
    return { title: one.title, milliseconds: spread(milliseconds), files, octets }
  })
  return { cells, failures }
}

function importInNewProcess({ from, packages }, node, flags) {
  const script = fileURLToPath(new URL('import.mjs', import.meta.url))
  const command = [node, script, ...flags, from.href, ...packages]
  if (canPin) command.unshift('taskset', '-c', '0')
  const env = { ...process.env, NODE_ENV: 'production' }
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}
