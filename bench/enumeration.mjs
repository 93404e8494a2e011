// Whether the time of a refusal tells which users and clients there are: requests over HTTP to a listening server in another process,
// one at a time, the cases of a group interleaved at random; the differences of their medians, and of their fastest tenths, with the
// 95 % confidence intervals.
//
//   node bench/enumeration.mjs              all groups
//   node bench/enumeration.mjs 300          so many samples of each case in place of 6000 (300 of those with cost 10)
//
// Exit code 1: an interval lies outside the practical margin, which is 5 % of the median and at least 0.05 ms. Less than that cannot
// be told apart over a network with as many guesses as the throttle allows. The throttle is off here: it would answer instead.
//
// Needs a build (npm run build).
import { fork } from 'node:child_process'
import { Agent, request } from 'node:http'
import bcrypt from 'bcryptjs'
import express from 'express'
import {
  bcryptHasher,
  clientCredentialsGrant,
  createAuthorizationServer,
  digestClientSecret,
  passwordGrant,
} from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'

const RESAMPLES = 1000
/** What is compared. On a machine that has other work the quickest samples are those that nothing disturbed. */
const statistics = [
  { name: 'median', at: 0.5 },
  { name: 'fastest tenth', at: 0.1 },
]
// Of one length, as are all names: what is longer takes longer to read, and tells guessers nothing that they did not send.
const right = 'the-right-one-of-this-account'
const wrong = 'the-wrong-one-of-this-account'

/** The cases of each group; the first is the one that the others are compared with. */
const userCases = [
  ['unknown user', { username: 'nadia', password: wrong }],
  ['wrong password', { username: 'alice', password: wrong }],
  ['disabled user, right password', { username: 'edgar', password: right }],
  ['disabled user, wrong password', { username: 'edgar', password: wrong }],
]
/** Names of clients by the kind of their secret: active, disabled, unknown. */
const clientIds = {
  generated: { active: 'gen-ok', disabled: 'gen-ex', unknown: 'gen-no' },
  chosen: { active: 'own-ok', disabled: 'own-ex', unknown: 'own-no' },
}
const clientCases = (kind) => [
  ['unknown client', [clientIds[kind].unknown, wrong]],
  [`wrong secret, ${kind}`, [clientIds[kind].active, wrong]],
  ['disabled client, right secret', [clientIds[kind].disabled, right]],
  ['disabled client, wrong secret', [clientIds[kind].disabled, wrong]],
]

// A hash of cost 4 is quick (about 1 ms), so that samples are cheap and a difference of microseconds around it is not lost in the
// noise of a slow one: if an answer did not hash at all, or looked up less, that would be plain to see. Cost 10 is what runs.
const groups = [
  { name: 'users, bcrypt cost 4', cost: 4, cases: userCases },
  { name: 'users, bcrypt cost 10', cost: 10, cases: userCases },
  { name: 'clients, generated secrets', cases: clientCases('generated') },
  { name: 'clients, chosen secrets, bcrypt cost 4', cost: 4, chosen: true, cases: clientCases('chosen') },
  {
    name: 'clients of both kinds, bcrypt cost 4',
    cost: 4,
    chosen: true,
    cases: [...clientCases('chosen').slice(0, 2), ...clientCases('generated').slice(1)],
  },
]

if (process.send) await beTheServer()
else await beTheGuesser(Number(process.argv[2] ?? 6000))

async function beTheGuesser(samples) {
  if (!Number.isSafeInteger(samples) || samples < 20) {
    console.error('the number of samples must be a whole number, at least 20')
    process.exit(2)
  }
  let told = false
  for (const [index, group] of groups.entries()) {
    const count = group.cost === 10 ? Math.min(samples, 300) : samples
    const times = await sample(index, group, count)
    const measured = times.map((all) => Float64Array.from(all).sort())
    console.log(`\n${group.name}: ${count} samples of each`)
    console.log(`${''.padEnd(32)}${statistics.map(({ name }) => name.padEnd(42)).join('')}`.trimEnd())
    const margin = Math.max(0.05, quantile(measured[0], 0.5) * 0.05)
    console.log(`margin ${ms(margin)}; differences to the first case, with their 95 % intervals`)
    const resamples = Array.from({ length: RESAMPLES }, () =>
      resampled(times).map((sorted) => statistics.map(({ at }) => quantile(sorted, at))),
    )
    for (const [i, [name]] of group.cases.entries()) {
      const cells = statistics.map(({ at }, which) => {
        const here = quantile(measured[i], at)
        if (i === 0) return ms(here)
        const [low, high] = interval(resamples.map((cases) => cases[i][which] - cases[0][which]))
        const isTold = low > margin || high < -margin
        told ||= isTold
        const difference = signed(here - quantile(measured[0], at))
        return `${difference} (${signed(low)} to ${signed(high)})${isTold ? ' TOLD APART' : ''}`
      })
      console.log(`${name.padEnd(32)}${cells.map((cell) => cell.padEnd(42)).join('')}`.trimEnd())
    }
  }
  process.exitCode = told ? 1 : 0
}

/** Milliseconds of each case; in each round every case once, in an order of its own. */
async function sample(index, { name, cases }, count) {
  const warmUp = Math.ceil(count / 10)
  const child = fork(import.meta.filename, [String(index)])
  const { port } = await new Promise((resolve) => child.once('message', resolve))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times = cases.map(() => [])
  for (let round = -warmUp; round < count; round += 1) {
    if (round % 250 === 0) process.stderr.write(`${name}: ${Math.max(0, round)} of ${count}\n`)
    for (const i of shuffled(cases.length)) {
      const { milliseconds, status } = await guess(agent, port, cases[i][1])
      if (status !== 400 && status !== 401) throw new Error(`${cases[i][0]} was answered ${status}`)
      if (round >= 0) times[i].push(milliseconds)
    }
  }
  agent.destroy()
  child.kill()
  return times
}

function guess(agent, port, credentials) {
  const [clientId, secret, form] = Array.isArray(credentials)
    ? [...credentials, { grant_type: 'client_credentials' }]
    : [clientIds.generated.active, right, { grant_type: 'password', ...credentials }]
  const body = new URLSearchParams(form).toString()
  const headers = {
    authorization: `Basic ${Buffer.from(`${clientId}:${new URLSearchParams({ s: secret }).toString().slice(2)}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': Buffer.byteLength(body),
  }
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const sent = request(
      { agent, port, host: '127.0.0.1', method: 'POST', path: '/oauth/token', headers },
      (answer) => {
        answer.resume().on('end', () => resolve({ milliseconds: performance.now() - start, status: answer.statusCode }))
      },
    )
    sent.on('error', reject).end(body)
  })
}

async function beTheServer() {
  const { cost, chosen = false } = groups[Number(process.argv[2])]
  const passwordHash = bcrypt.hashSync(right, cost ?? 10)
  const hasher = cost === 10 || cost === undefined ? bcryptHasher({ workers: 1 }) : quickHasher(cost, passwordHash)
  const all = new Map([
    ['alice', { userId: 'user-1', passwordHash }],
    ['edgar', { userId: 'user-2', passwordHash, disabled: true }],
  ])
  const users = { findUserByUsername: (name) => all.get(name), findUser: () => undefined }
  const { clients, tokens } = createMemoryStores()
  const save = (clientId, digest, disabled) =>
    clients.saveClient({
      clientId,
      disabled,
      clientType: 'confidential',
      authMethods: ['client_secret_basic'],
      secrets: [{ digest }],
      firstParty: true,
      grantTypes: ['password', 'client_credentials'],
      scopes: ['profile'],
      defaultScopes: ['profile'],
    })
  const digests = { generated: digestClientSecret(right), ...(chosen && { chosen: passwordHash }) }
  for (const [kind, digest] of Object.entries(digests)) {
    save(clientIds[kind].active, digest, false)
    save(clientIds[kind].disabled, digest, true)
  }
  const oauth = createAuthorizationServer({
    issuer: 'http://127.0.0.1',
    clients,
    tokens,
    scopes: ['profile'],
    grants: [passwordGrant({ users, hasher, signInsPerDay: 86_400_000 }), clientCredentialsGrant()],
    secretHasher: hasher,
    throttle: false,
    onEvent: () => {},
  })
  const server = express()
    .use(oauth.router())
    .listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
}

/**
 * bcrypt at a cost that the library refuses, on the main thread: one request at a time has nobody to disturb. Nobody's hash is the one
 * of the accounts: from one salt to the next bcrypt takes some microseconds more or less, and that is not what is asked.
 */
function quickHasher(cost, nobody) {
  return {
    hash: async (password) => bcrypt.hashSync(password, cost),
    verify: async (password, hash) => bcrypt.compareSync(password, hash),
    verifyNobody: async (password) => void bcrypt.compareSync(password, nobody),
    needsRehash: () => false,
  }
}

/** Where 95 % of the differences lie. */
function interval(differences) {
  const sorted = Float64Array.from(differences).sort()
  return [sorted[Math.floor(RESAMPLES * 0.025)], sorted[Math.ceil(RESAMPLES * 0.975) - 1]]
}

/** As many rounds, drawn at random: each with all of its cases, which had the machine in the same state. Sorted. */
function resampled(times) {
  const { length } = times[0]
  const rounds = Array.from({ length }, () => Math.floor(Math.random() * length))
  return times.map((all) => Float64Array.from(rounds, (round) => all[round]).sort())
}

function quantile(sorted, at) {
  const place = (sorted.length - 1) * at
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  return below + (above - below) * (place % 1)
}

function shuffled(length) {
  const order = Array.from({ length }, (_, i) => i)
  for (let i = length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[order[i], order[j]] = [order[j], order[i]]
  }
  return order
}

function ms(value) {
  return `${value.toFixed(3)} ms`
}

function signed(value) {
  return `${value < 0 ? '-' : '+'}${ms(Math.abs(value))}`
}
