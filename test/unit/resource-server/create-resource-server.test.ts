import { describe, expect, it } from 'vitest'
import { ConfigurationError } from 'latchkey'
import { createResourceServer, type ResourceServer } from 'latchkey/resource-server'
import type { Mistake } from '../configuration-mistakes.js'

const issuer = 'https://id.example.com'
const audience = 'https://api.example.com/v1'
const introspection = { uri: `${issuer}/oauth/introspect`, clientId: 'api', clientSecret: 'secret' }
const byKeys = (given: object): ResourceServer => createResourceServer({ issuer, audience, jwks: true, ...given })
const byQuestions = (given: object): ResourceServer =>
  createResourceServer({ issuer, audience, introspection, ...given })

const noWhole = [-1, 0.5, NaN, Infinity, '5', null]
const noUri = ['/oauth/jwks', '', 7, null, 'http://id.example.com/jwks', 'file:///etc/passwd', 'javascript:0']
const limits = ['timeoutMilliseconds', 'maxOctets'] as const

const mistakes: readonly Mistake[] = [
  [{ isuer: issuer }, 'createResourceServer.isuer', /is not an option.*Known options: issuer,/],
  ...[undefined, null, 7, '', 'id.example.com', ' https://id.example.com'].map(
    (issuer) => [{ issuer }, 'issuer', /is not a URL/] as const,
  ),
  [{ issuer: 'http://id.example.com' }, 'issuer', /must be https/],
  [{ issuer: 'https://id.example.com?a' }, 'issuer', /no query/],
  [{ issuer: 'https://me:secret@id.example.com' }, 'issuer', /no credentials/],
  ...[undefined, null, '', 7, [audience], 'a b', 'a"b', 'a\\b', 'https://api.example.com#a', 'é'].map(
    (audience) => [{ audience }, 'audience', /must be the identifier of this resource.*Use the identifier/] as const,
  ),
  [{ jwks: undefined }, 'jwks', /is missing, and so is introspection\. Set exactly one/],
  [{ introspection }, 'jwks', /is given, and so is introspection\. Set exactly one/],
  ...[null, false, 'true', []].map((jwks) => [{ jwks }, 'jwks', /must be an object of options/] as const),
  [{ jwks: { url: issuer } }, 'jwks.url', /is not an option/],
  ...noUri.map((uri) => [{ jwks: { uri } }, 'jwks.uri', /must be (?:an )?https/] as const),
  ...limits.flatMap((name) =>
    [...noWhole, 0, 1e9].map(
      (value) => [{ jwks: { [name]: value } }, `jwks.${name}`, /whole number from 1 to/] as const,
    ),
  ),
  ...(['cacheSeconds', 'cooldownSeconds'] as const).flatMap((name) =>
    [...noWhole, 0, 86_401].map(
      (value) => [{ jwks: { [name]: value } }, `jwks.${name}`, /whole number from 1 to 86400/] as const,
    ),
  ),
  ...[...noWhole, 301].map((leewaySeconds) => [{ leewaySeconds }, 'leewaySeconds', /from 0 to 300/] as const),
  ...[...noWhole, 301].map((clockSkewSeconds) => [{ clockSkewSeconds }, 'clockSkewSeconds', /from 0 to 300/] as const),
  ...[...noWhole, 0].map(
    (longestAccessTokenSeconds) => [{ longestAccessTokenSeconds }, 'longestAccessTokenSeconds', /from 1 to/] as const,
  ),
  [{ isUser: true }, 'isUser', /must be a function/],
  [{ requireTls: 'no' }, 'requireTls', /must be true or false/],
  [{ isSecure: true }, 'isSecure', /must be a function/],
  [{ clientAddress: '127.0.0.1' }, 'clientAddress', /must be a function/],
  ...[null, true, {}].map((throttle) => [{ throttle }, 'throttle', /must be a Throttle/] as const),
  ...[null, 'orders:read'].map((scopes) => [{ scopes }, 'scopes', /must be a list of scope tokens/] as const),
  [{ scopes: ['orders:read orders:write'] }, 'scopes[0]', /must be a scope token/],
  ...['', 'a"b', 'a\\b', 'a\r\nb', null, 7].map((realm) => [{ realm }, 'realm', /printable ASCII/] as const),
  [{ onEvent: 'log' }, 'onEvent', /must be a function/],
  [{ clock: 1_800_000_000 }, 'clock', /must be a function/],
  [{ clock: () => Date.now() }, 'clock', /whole seconds since the epoch/],
]

const introspectionMistakes: readonly Mistake[] = [
  [{ url: issuer }, 'introspection.url', /is not an option/],
  ...[undefined, ...noUri].map((uri) => [{ uri }, 'introspection.uri', /must be (?:an )?https/] as const),
  ...(['clientId', 'clientSecret'] as const).flatMap((name) =>
    [undefined, null, '', 7].map(
      (value) => [{ [name]: value }, `introspection.${name}`, /must be a string.*Register a client/] as const,
    ),
  ),
  ...limits.flatMap((name) =>
    [...noWhole, 0].map((value) => [{ [name]: value }, `introspection.${name}`, /whole number from 1 to/] as const),
  ),
  ...[...noWhole, 86_401].map(
    (cacheSeconds) => [{ cacheSeconds }, 'introspection.cacheSeconds', /from 0 to 86400/] as const,
  ),
  ...[...noWhole, 0, 10_001].map(
    (concurrentQuestions) => [{ concurrentQuestions }, 'introspection.concurrentQuestions', /from 1 to 10000/] as const,
  ),
  ...['^a', null, {}].map((tokenForm) => [{ tokenForm }, 'introspection.tokenForm', /must be a RegExp/] as const),
  ...[...noWhole, 0].map((cacheSize) => [{ cacheSize }, 'introspection.cacheSize', /from 1 to/] as const),
]

function mistakeOf(make: () => unknown): ConfigurationError {
  try {
    make()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('The mistake was not noticed')
}

describe('createResourceServer', () => {
  it.each(mistakes)('refuses %j: %s', (given, option, says) => {
    const error = mistakeOf(() => byKeys(given))
    expect([error.option, error.message]).toEqual([option, expect.stringMatching(says)])
  })

  it.each(introspectionMistakes)('refuses the introspection %j: %s', (given, option, says) => {
    const error = mistakeOf(() => byQuestions({ introspection: { ...introspection, ...given } }))
    expect([error.option, error.message]).toEqual([option, expect.stringMatching(says)])
  })

  it('refuses a guard for a scope that it does not know', () => {
    const { requireBearer } = byKeys({ scopes: ['orders:read'] })
    expect(mistakeOf(() => requireBearer({ scope: 'orders:write' })).option).toBe('requireBearer.scope')
    expect(requireBearer({ scope: 'orders:read' })).toBeTypeOf('function')
  })

  it.each<object>([
    { jwks: {} },
    { issuer: 'http://127.0.0.1:3000', jwks: { uri: 'http://localhost:3000/oauth/jwks' } },
    { audience: 'urn:example:orders', leewaySeconds: 0 },
    { audience: 'orders', scopes: [], realm: 'orders' },
    { jwks: { timeoutMilliseconds: 1, maxOctets: 1, cacheSeconds: 1, cooldownSeconds: 1 } },
  ])('accepts %j', (given) => {
    expect(byKeys(given).requireBearer()).toBeTypeOf('function')
    expect(byKeys(given).router()).toBeTypeOf('function')
  })
})
