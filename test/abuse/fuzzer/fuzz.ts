import { once } from 'node:events'
import { Agent } from 'node:http'
import { expect, it } from 'vitest'
import { apiServer, signInAt, tokenOf } from '../../fixtures/api-server.js'
import type { TestServer } from '../../fixtures/test-server.js'
import { errorCodes } from '../harmless.js'
import { mutate } from './mutate.js'
import { grantable } from './oracle.js'
import { Random } from './random.js'
import { goodRequest, type FuzzRequest, type KnownTokens } from './request.js'
import { send, type FuzzAnswer } from './send.js'
import { watchProcess } from '../process-watch.js'

const parallel = 32
const appPaths = /^\/(?:orders|profile|optional)(?:[/?%]|$)/i
const jwksPaths = /^\/(?:\.well-known|oauth\/jwks)/

interface Fuzzed {
  readonly server: TestServer
  readonly tokens: KnownTokens
  /** `<client> <refresh token>` of all that were ever issued. */
  readonly refreshTokens: Set<string>
}

async function fuzzed(): Promise<Fuzzed> {
  const server = apiServer({
    routes(app, oauth) {
      app.get('/optional', oauth.requireBearer({ optional: true }), (req, res) => res.json({ auth: req.auth ?? null }))
    },
  })
  await once(server.http.listen(0, '127.0.0.1'), 'listening')
  const refreshTokens = new Set<string>()
  const access: string[] = []
  for (const clientId of ['opaque-app', 'jwt-app', 'shop-app']) {
    const { access_token, refresh_token } = await signInAt(server, clientId)
    access.push(access_token, await tokenOf(server, clientId))
    refreshTokens.add(`${clientId} ${refresh_token}`)
  }
  const refresh = [...refreshTokens].map((pair) => pair.slice(pair.indexOf(' ') + 1))
  return { server, tokens: { access, refresh }, refreshTokens }
}

/** Sends so many requests that were tampered with, each made of the seed and its number. */
export function describeFuzz(seed: number, requests: number): void {
  watchProcess()

  it(`FUZZ_SEED=${seed}: ${requests} requests that were tampered with get no more than is theirs, and no answer that is none`, async () => {
    const state = await fuzzed()
    const agent = new Agent({ keepAlive: true, maxSockets: parallel })
    const met = { issued: 0, refused: 0, passed: 0 }
    let next = 0
    const work = async (): Promise<void> => {
      while (next < requests) {
        // Each request has numbers of its own: which of them are under way together does not matter.
        const number = next++
        const random = new Random(Math.imul(seed, 1_000_003) + number)
        const request = goodRequest(random, state.tokens)
        if (random.chance(95)) mutate(random, request)
        const answer = await send(state.server.http, agent, request)
        try {
          judge(state, request, answer, met)
        } catch (error) {
          const story = JSON.stringify({ request, answer }, undefined, 2)
          throw new Error(`FUZZ_SEED=${String(seed)}, request ${String(number)}: ${story}`, { cause: error })
        }
      }
    }
    await Promise.all(Array.from({ length: parallel }, work))
    agent.destroy()
    state.server.http.close()
    // All kinds of answers were met, or the run would mean nothing.
    expect(Math.min(...Object.values(met)), JSON.stringify(met)).toBeGreaterThan(requests / 200)
  })
}

function judge(state: Fuzzed, request: FuzzRequest, answer: FuzzAnswer, met: Record<string, number>): void {
  const { status, headers, text } = answer
  expect(status).toBeLessThan(500)
  const path = request.target.split('?')[0]!
  const isOurs = /^\/oauth\/(?:token|revoke|introspect)$/.test(path)
  const isPassed = [200, 206, 304].includes(status) && appPaths.test(path)
  // What is neither an endpoint nor a route is answered by Express.
  if (status === 404 || (status === 200 && request.method === 'OPTIONS' && !isOurs)) return
  expect(text).not.toMatch(/\n\s+at |node_modules|<html/)
  if (isPassed) {
    met['passed']!++
    const { auth = JSON.parse(text || '{}') } = JSON.parse(text || '{}') as { auth?: { clientId?: string } | null }
    const bearer = request.headers.filter(([name]) => name.toLowerCase() === 'authorization')
    const presented = bearer[0]?.[1].trim().split(/ +/)[1] ?? ''
    if (auth !== null && text !== '') expect(state.tokens.access.includes(presented)).toBe(true)
    return
  }
  if (jwksPaths.test(path) && [200, 204].includes(status)) return
  expect([headers['cache-control'], headers['pragma']]).toEqual(['no-store', 'no-cache'])
  if (request.method === 'HEAD' || status === 204) return
  if (status >= 400) {
    met['refused']!++
    expect(headers['content-type']).toBe('application/json')
    const body = JSON.parse(text) as { error?: string }
    if (status !== 401 || 'error' in body) expect(errorCodes).toContain(body.error)
    if (status === 401) expect(headers['www-authenticate']).toMatch(/^(?:Basic|Bearer) realm="127\.0\.0\.1"/)
    return
  }
  if (text === '') return
  if (!text.startsWith('{')) {
    expect(headers['content-type']).toBe('application/token-introspection+jwt')
    return
  }
  expect(headers['content-type']).toBe('application/json')
  const body = JSON.parse(text) as { access_token?: string; refresh_token?: string; scope?: string }
  if (body.access_token === undefined) return
  met['issued']!++
  const right = grantable(request, state.refreshTokens)
  expect(right, 'no token may come of it').toBeDefined()
  for (const scope of body.scope?.split(' ') ?? ['none']) expect(right!.scopes).toContain(scope)
  if (body.refresh_token !== undefined) state.refreshTokens.add(`${right!.clientId} ${body.refresh_token}`)
}
