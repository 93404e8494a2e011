import type { FuzzRequest } from './request.js'

/** The clients that requests begin with, told once more: nothing here comes from the library. */
const registered: Readonly<Record<string, { grants: string[]; scopes: string[]; by: 'basic' | 'post' | 'none' }>> = {
  'shop-app': {
    grants: ['password', 'refresh_token', 'client_credentials'],
    scopes: ['orders:read', 'orders:write', 'profile'],
    by: 'basic',
  },
  'other-app': {
    grants: ['password', 'refresh_token'],
    scopes: ['orders:read', 'orders:write', 'stock:write', 'profile'],
    by: 'basic',
  },
  'stock-sync': { grants: ['client_credentials'], scopes: ['stock:write', 'orders:read'], by: 'basic' },
  'opaque-app': {
    grants: ['password', 'refresh_token', 'client_credentials'],
    scopes: ['orders:read', 'orders:write', 'stock:write', 'profile'],
    by: 'basic',
  },
  'jwt-app': {
    grants: ['password', 'refresh_token', 'client_credentials'],
    scopes: ['orders:read', 'orders:write', 'stock:write', 'profile'],
    by: 'basic',
  },
  inspector: { grants: ['client_credentials'], scopes: ['stock:write', 'orders:read'], by: 'basic' },
  'post-app': {
    grants: ['client_credentials'],
    scopes: ['orders:read', 'orders:write', 'stock:write', 'profile'],
    by: 'post',
  },
}

/** Who may get a token for a request, and with which scope at most; `undefined`: nobody. */
export interface Grantable {
  readonly clientId: string
  readonly scopes: readonly string[]
}

/**
 * Says of a request whether a token may come of it, by a reading of its own. Careful: what is only perhaps good is grantable; what is
 * not grantable here must not get a token under any reading of the rules.
 */
export function grantable(request: FuzzRequest, refreshTokens: ReadonlySet<string>): Grantable | undefined {
  if (request.method !== 'POST' || pathOf(request.target) !== '/oauth/token') return undefined
  const form = readForm(request)
  if (form === undefined) return undefined
  const clientId = clientOf(request, form)
  const client = clientId === undefined ? undefined : registered[clientId]
  if (clientId === undefined || client === undefined) return undefined
  const grantType = form.get('grant_type') ?? ''
  if (!client.grants.includes(grantType)) return undefined
  if (grantType === 'password' && !(form.get('username') === 'alice' && form.get('password') === "alice's password"))
    return undefined
  if (grantType === 'refresh_token' && !refreshTokens.has(`${clientId} ${form.get('refresh_token') ?? ''}`))
    return undefined
  const asked = form.get('scope') ?? ''
  if (asked === '') return { clientId, scopes: client.scopes }
  const scopes = asked.split(' ')
  if (!scopes.every((scope) => client.scopes.includes(scope))) return undefined
  return { clientId, scopes }
}

function pathOf(target: string): string {
  return target.split('?')[0] ?? ''
}

/** Pairs in octets, decoded by hand; `undefined` for a repeat, for what is no text, and for a body that is no form. */
function readForm({ headers, body }: FuzzRequest): Map<string, string> | undefined {
  const types = headers.filter(([name]) => name.toLowerCase() === 'content-type')
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test((types[0]?.[1] ?? '').trim())) return undefined
  const form = new Map<string, string>()
  for (const pair of body.split('&')) {
    const equals = pair.includes('=') ? pair.indexOf('=') : pair.length
    const name = decode(pair.slice(0, equals))
    const value = decode(pair.slice(equals + 1))
    if (name === undefined || value === undefined) return undefined
    if (name === '' || name === 'resource') continue
    if (form.has(name)) return undefined
    form.set(name, value)
  }
  return form
}

function decode(text: string): string | undefined {
  const octets: number[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '+') octets.push(32)
    else if (character === '%') {
      const digits = text.slice(at + 1, at + 3)
      if (!/^[\da-f]{2}$/i.test(digits)) return undefined
      octets.push(Number.parseInt(digits, 16))
      at += 2
    } else octets.push(character.charCodeAt(0))
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(octets))
  } catch {
    return undefined
  }
}

/** The client whose right secret is there, in the one way that it is registered for. */
function clientOf({ headers }: FuzzRequest, form: ReadonlyMap<string, string>): string | undefined {
  const credentials = headers
    .filter(([name]) => name.toLowerCase() === 'authorization')
    .map(([, value]) => value.trim())
  if (credentials.length > 1) return undefined
  const [header = ''] = credentials
  const named = form.get('client_id') ?? ''
  const secret = form.get('client_secret') ?? ''
  if (header === '')
    return registered[named]?.by === 'post' && secret === `${named}-secret-of-256-bits` ? named : undefined
  const [scheme = '', encoded = '', ...rest] = header.split(/ +/)
  if (scheme.toLowerCase() !== 'basic' || rest.length > 0 || secret !== '') return undefined
  const text = Buffer.from(encoded, 'base64').toString('latin1')
  const clientId = decode(text.slice(0, text.indexOf(':')))
  if (clientId === undefined || registered[clientId]?.by !== 'basic') return undefined
  if (named !== '' && named !== clientId) return undefined
  return decode(text.slice(text.indexOf(':') + 1)) === `${clientId}-secret-of-256-bits` ? clientId : undefined
}
