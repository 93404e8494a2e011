// How long the event loop of an Express app stands still while people sign in: 20 password logins at the same time over
// HTTP, sent by another process, bcrypt cost 10.
//
//   node bench/login-storm.mjs           latchkey's hasher, in worker threads
//   node bench/login-storm.mjs main      bcryptjs on the main thread, for comparison
//   node bench/login-storm.mjs both      one after the other
//
// Needs a build (npm run build).
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import bcrypt from 'bcryptjs'
import express from 'express'
import { bcryptHasher, createAuthorizationServer, createClient, passwordGrant } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'

const logins = 20
const cost = 10
const password = 'correct horse battery staple'

if (process.send) await beTheUsers()
else await beTheServer(process.argv[2] ?? 'workers')

async function beTheServer(mode) {
  if (!['workers', 'main', 'both'].includes(mode)) {
    console.error(`unknown mode ${mode}: use workers, main or both`)
    process.exit(2)
  }
  if (mode !== 'main') {
    const hasher = bcryptHasher({ cost })
    await report('worker threads', hasher)
    await hasher.close()
  }
  if (mode !== 'workers') {
    await report('main thread', {
      hash: (text) => bcrypt.hash(text, cost),
      verify: (text, hash) => bcrypt.compare(text, hash),
      verifyNobody: async () => {},
      needsRehash: () => false,
    })
  }
}

async function report(where, hasher) {
  const user = { userId: 'user-1', passwordHash: bcrypt.hashSync(password, cost) }
  const users = { findUserByUsername: () => user, findUser: () => user }
  const { clients, tokens } = createMemoryStores()
  const { client, clientSecret } = createClient({
    firstParty: true,
    grantTypes: ['password'],
    scopes: ['profile'],
    defaultScopes: ['profile'],
  })
  clients.saveClient(client)
  const oauth = createAuthorizationServer({
    issuer: 'http://127.0.0.1',
    clients,
    tokens,
    scopes: ['profile'],
    grants: [passwordGrant({ users, hasher, signInsPerDay: 86_400_000 })],
    onEvent: () => {},
  })
  const app = express().use(oauth.router())
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))

  const child = fork(import.meta.filename)
  await new Promise((resolve) => child.once('message', resolve))
  const gap = watchEventLoop()
  child.send({ port: server.address().port, clientId: client.clientId, clientSecret })
  const { total, statuses } = await new Promise((resolve) => child.once('message', resolve))
  const worst = gap()
  server.close()
  tokens.close()

  if (statuses.some((status) => status !== 200)) throw new Error(`not every login was answered 200: ${statuses}`)
  console.log(`${logins} logins at once, bcrypt cost ${cost}, ${where}, ${availableParallelism()} processors`)
  console.log(`logins/s:  ${((logins * 1000) / total).toFixed(1)}`)
  console.log(`worst gap: ${worst.toFixed(0)} ms (aim: under 50 ms)\n`)
}

/** Ticks every millisecond; the answer is a function that stops it and tells the longest time without a tick. */
function watchEventLoop() {
  let last = performance.now()
  let gap = 0
  const tick = () => {
    const now = performance.now()
    gap = Math.max(gap, now - last)
    last = now
  }
  const timer = setInterval(tick, 1)
  return () => {
    // The last gap ends here, not at the last tick: a loop that never turned had no tick at all.
    tick()
    clearInterval(timer)
    return gap
  }
}

async function beTheUsers() {
  process.once('message', async ({ port, clientId, clientSecret }) => {
    const body = new URLSearchParams({ grant_type: 'password', username: 'alice', password })
    const headers = { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` }
    const login = async () =>
      (await fetch(`http://127.0.0.1:${port}/oauth/token`, { method: 'POST', headers, body })).status
    const start = performance.now()
    const statuses = await Promise.all(Array.from({ length: logins }, login))
    process.send({ total: performance.now() - start, statuses })
    process.disconnect()
  })
  process.send('ready')
}
