// What servers keep: the heap after so many tokens and a garbage collection, beside the heap before.
import { attempt, check } from './attempt.mjs'
import { passed, progress } from './progress.mjs'
import { startServer } from './server.mjs'

const words = (count) => (count < 1e6 ? count.toLocaleString('en') : `${count / 1e6} million`)

/** `perToken`: growth is told for each token. `rate`: requests a second, roughly, to tell how long it takes. */
export function memoryRuns({ tokens, bogus, jwts }) {
  const issue = { traffic: 'clientCredentials', title: 'access tokens', perToken: 1 }
  const ours = { ...issue, server: 'latchkey-http', advances: true, requests: tokens, rate: 12_000 }
  // A Map grows in steps of two: a quarter of the tokens fills it to the same degree.
  const peers = { ...issue, requests: tokens / 4, rate: 2500 }
  return [
    ours,
    {
      ...ours,
      traffic: 'login',
      server: 'latchkey-plain',
      title: 'sign-ins: an access and a refresh token each',
      perToken: 2,
      requests: tokens / 2,
      rate: 3000,
    },
    ...['node-oauth', 'oauth2orize', 'jmondi', 'oidc-provider'].map((server) => ({ ...peers, server })),
    ...[
      { server: 'latchkey', title: `${words(bogus)} made-up bearer tokens`, traffic: 'bogus', requests: bogus },
      {
        server: 'latchkey-addresses',
        title: `${words(bogus * 0.4)} made-up bearer tokens from as many addresses`,
        traffic: 'bogus',
        addresses: true,
        requests: bogus * 0.4,
      },
      {
        server: 'latchkey',
        title: `${words(jwts)} JWTs, each sent twice`,
        traffic: 'unseenJwts',
        algorithm: 'ES256',
        times: 2,
        requests: 2 * jwts,
        rate: 6000,
      },
    ].map((run) => ({ rate: 12_000, guardOnly: true, ...run })),
  ]
}

export const secondsOfMemory = (runs) => runs.reduce((sum, { requests, rate }) => sum + 2 + requests / rate, 0)

export async function measureMemory(runs, context) {
  const [cells, failures] = [[], []]
  const generator = context.generator
  const nodeFlags = ['--expose-gc', '--max-old-space-size=4096']
  for (const run of runs) {
    const { server: name, title, requests, perToken } = run
    const workload = { name: 'memory', ...run }
    let child
    await attempt(failures, `${name}, ${title}`, async () => {
      progress(`memory: ${name}, ${title}`)
      child = await startServer(name, workload, { ...context, nodeFlags })
      const open = { server: name, port: child.port, connections: 48, workload, keys: context.keys }
      await generator.ask({ command: 'open', ...open })
      // What is compiled and allocated once is no part of what tokens take.
      await send(Math.min(10_000, requests / 10))
      const before = await child.ask({ ask: 'memory' })
      await send(requests)
      const after = await child.ask({ ask: 'memory' })
      const growth = after.heap - before.heap
      const cell = {
        server: name,
        serverTitle: child.title,
        title,
        requests,
        growth,
        rssGrowth: after.rss - before.rss,
      }
      if (perToken) cell.perToken = growth / requests / perToken
      if (run.advances) {
        // Beyond the end of refresh tokens and sign-ins.
        await child.ask({ ask: 'advance', seconds: 100 * 86_400 })
        cell.leftAfterExpiry = (await child.ask({ ask: 'memory' })).heap - before.heap
      }
      cells.push(cell)
    })
    await generator.ask({ command: 'close', server: name })
    await child?.stop()
    passed(2 + requests / run.rate)

    /** In parts, so that the generator need not hold all tokens at once. */
    async function send(count) {
      for (let left = count; left > 0; left -= 20_000) {
        progress(`memory: ${name}, ${title}, ${left} requests left`)
        const part = Math.min(left, 20_000)
        await generator.ask({ command: 'ready', server: name, requests: part })
        check(await generator.ask({ command: 'sample', server: name, requests: part }))
      }
    }
  }
  return { cells, failures }
}
