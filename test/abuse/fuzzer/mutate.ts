import type { Random } from './random.js'
import type { FuzzRequest } from './request.js'

/** What has been trouble for somebody. */
const badTexts = [
  '\0',
  '%00',
  '%0d%0aX:y',
  '\t',
  '%',
  '%zz',
  '%ff%fe',
  '%C0%80',
  '%ED%A0%80',
  '%EF%BF%BD',
  '\xff',
  '&',
  '=',
  ';',
  '[]',
  '[0]',
  '[$ne]',
  '__proto__',
  'constructor',
  'toString',
  "' OR 1=1--",
  '../../x',
  '${7*7}',
  '<script>',
  'undefined',
  'null',
  'NaN',
  '1e999',
  '-1',
  'x'.repeat(600),
  'a+'.repeat(300),
]
const badPairs = [
  'scope=',
  'scope=orders:read',
  'scope=orders:write+profile+stock:write',
  'scope=orders:readonly',
  'grant_type=password',
  'grant_type=client_credentials',
  'client_id=spa',
  'client_id=shop-app',
  'client_secret=x',
  'resource=https://stock.example.com/v1',
  'resource=http://127.0.0.1/shop',
  'resource=javascript:1',
  'token=x',
  'refresh_token=x',
  'access_token=x',
  'username=alice',
  'client_assertion=a.b.c',
  '__proto__[x]=1',
  '=',
]
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'M-SEARCH']
const targets = [
  '/oauth/token',
  '/oauth/revoke',
  '/oauth/introspect',
  '/oauth/jwks',
  '/orders',
  '/profile',
  '/optional',
]
const contentTypes = [
  'application/x-www-form-urlencoded; charset=utf-8',
  'application/x-www-form-urlencoded; charset=utf-16',
  'application/x-www-form-urlencodedX',
  'APPLICATION/X-WWW-FORM-URLENCODED',
  'application/json',
  'text/plain',
  'multipart/form-data; boundary=x',
  '',
]
const headers: [string, string][] = [
  ['Accept', 'application/token-introspection+jwt'],
  ['Accept', 'text/html'],
  ['Content-Encoding', 'gzip'],
  ['Content-Encoding', 'identity'],
  ['X-HTTP-Method-Override', 'POST'],
  ['X-Forwarded-For', '1.2.3.4'],
  ['X-Forwarded-Proto', 'https'],
  ['Cookie', 'access_token=x'],
  ['Origin', 'null'],
  ['Range', 'bytes=0-1'],
  ['If-None-Match', '*'],
  ['DPoP', 'a.b.c'],
  ['Authorization', 'Bearer'],
  ['Authorization', 'Bearer a.b.c'],
  ['Authorization', 'Basic Og=='],
  ['Authorization', 'Basic eDp5'],
  ['Authorization', 'Digest x'],
]

/** Changes a request in one to three ways. */
export function mutate(random: Random, request: FuzzRequest): void {
  for (let rounds = 1 + random.below(3); rounds > 0; rounds--) mutateOnce(random, request)
}

function mutateOnce(random: Random, request: FuzzRequest): void {
  switch (random.below(12)) {
    case 0:
      request.method = random.pick(methods)
      return
    case 1:
      request.target = random.chance(50) ? random.pick(targets) : spoilTarget(random, request.target)
      return
    case 2:
      request.headers.splice(random.below(request.headers.length + 1), 0, [...random.pick(headers)])
      return
    case 3:
      // Duplicate or drop a header.
      if (random.chance(50))
        request.headers.push([...random.pick(request.headers.length > 0 ? request.headers : headers)])
      else request.headers.splice(random.below(request.headers.length + 1), 1)
      return
    case 4:
      request.headers = request.headers.filter(([name]) => name !== 'Content-Type')
      request.headers.push(['Content-Type', random.pick(contentTypes)])
      return
    case 5:
    case 6: {
      if (request.headers.length === 0) return
      const header = random.pick(request.headers)
      header[1] = legalValue(spoil(random, header[1]))
      return
    }
    case 7: {
      const pairs = request.body.split('&')
      pairs.splice(random.below(pairs.length + 1), 0, random.chance(70) ? random.pick(badPairs) : random.pick(pairs))
      request.body = pairs.join('&')
      return
    }
    case 8: {
      const pairs = request.body.split('&')
      pairs.splice(random.below(pairs.length), 1)
      request.body = pairs.join('&')
      return
    }
    default:
      request.body = spoil(random, request.body)
  }
}

/** Flips, doubles, drops or inserts something, or cuts it short. */
function spoil(random: Random, text: string): string {
  const at = random.below(text.length + 1)
  const length = 1 + random.below(8)
  switch (random.below(6)) {
    case 0:
      return (
        text.slice(0, at) +
        String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << random.below(8))) +
        text.slice(at + 1)
      )
    case 1:
      return text.slice(0, at) + text.slice(at, at + length) + text.slice(at)
    case 2:
      return text.slice(0, at) + text.slice(at + length)
    case 3:
      return text.slice(0, at)
    case 4:
      // The same in another spelling.
      return text.slice(0, at) + escaped(text.slice(at, at + 1)) + text.slice(at + 1)
    default:
      return text.slice(0, at) + random.pick(badTexts) + text.slice(at)
  }
}

function escaped(character: string): string {
  return character === '' ? '' : `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}

function spoilTarget(random: Random, target: string): string {
  const query = random.pick(badPairs)
  const spoilt = random.pick([`${target}/`, `/${target}`, target.toUpperCase(), `${target}?${query}`, `${target}%2e`])
  return spoilt.replace(/[\x00-\x20\x7F-\xFF]/g, '')
}

/** What Node refuses to read is tested elsewhere: here everything is meant to reach the server. */
function legalValue(text: string): string {
  return text.replace(/[\x00-\x08\x0A-\x1F\x7F]/g, '').slice(0, 3000)
}
