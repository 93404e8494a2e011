import { basic, secretOf } from '../../fixtures/test-server.js'
import type { Random } from './random.js'

/** A request before it is octets; each character of it is one octet. */
export interface FuzzRequest {
  method: string
  target: string
  headers: [name: string, value: string][]
  body: string
}

/** Tokens that exist, for requests that begin as good ones. */
export interface KnownTokens {
  readonly access: readonly string[]
  readonly refresh: readonly string[]
}

const form = (): [string, string] => ['Content-Type', 'application/x-www-form-urlencoded']
const callers = ['shop-app', 'other-app', 'stock-sync', 'opaque-app', 'jwt-app', 'inspector']
const scopes = ['', '&scope=orders:read', '&scope=profile', '&scope=orders:read+orders:write', '&scope=stock:write']

/** A request that is good, or nearly. */
export function goodRequest(random: Random, { access, refresh }: KnownTokens): FuzzRequest {
  const caller = random.pick(callers)
  const post = (target: string, body: string): FuzzRequest => {
    const headers: FuzzRequest['headers'] = [['Authorization', basic(caller, secretOf(caller))], form()]
    return { method: 'POST', target, headers, body }
  }
  const get = (target: string): FuzzRequest => {
    const headers: FuzzRequest['headers'] = [['Authorization', `Bearer ${random.pick(access)}`]]
    return { method: 'GET', target, headers, body: '' }
  }
  switch (random.below(10)) {
    case 0:
    case 1:
      return post('/oauth/token', `grant_type=client_credentials${random.pick(scopes)}`)
    case 2:
    case 3: {
      const password = random.pick(['alice%27s+password', 'alice%27s+password', 'wrong', ''])
      return post('/oauth/token', `grant_type=password&username=alice&password=${password}${random.pick(scopes)}`)
    }
    case 4:
      return post(
        '/oauth/token',
        `grant_type=refresh_token&refresh_token=${random.pick(refresh)}${random.pick(scopes)}`,
      )
    case 5: {
      const credentials = random.pick([`client_id=post-app&client_secret=${secretOf('post-app')}`, 'client_id=spa'])
      const body = `grant_type=client_credentials&${credentials}`
      return { method: 'POST', target: '/oauth/token', headers: [form()], body }
    }
    case 6:
      return post('/oauth/introspect', `token=${random.pick(access)}`)
    case 7:
      // Of no token that others begin with, or all of them would soon be dead.
      return post('/oauth/revoke', `token=${random.pick(access).slice(1)}&token_type_hint=access_token`)
    case 8:
      return get(random.pick(['/orders', '/profile', '/optional']))
    default:
      return get(random.pick(['/.well-known/oauth-authorization-server', '/oauth/jwks', '/orders']))
  }
}
