import { inspect } from 'node:util'
import { expect } from 'vitest'
import type { RawAnswer } from '../fixtures/raw-http.js'
import type { TestServer } from '../fixtures/test-server.js'

/** RFC 6749 §5.2, RFC 6750 §3.1, RFC 8707 §2, and the two of RFC 6749 §4.1.2.1 for failures. */
export const errorCodes: ReadonlySet<unknown> = new Set([
  'access_denied',
  'insufficient_scope',
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'invalid_token',
  'server_error',
  'temporarily_unavailable',
  'unauthorized_client',
  'unsupported_grant_type',
])

/** What a stack trace, or the page of a framework, would have in it. */
const leaks = /\n\s+at |node_modules|\.[cm]?[jt]s:\d|<!DOCTYPE|<html|\[object |undefined/

/**
 * Expects what holds of every answer to something hostile: OAuth JSON, not to be stored, nothing of the input in it, no CORS, no
 * trace of what is inside, and no secret in what the operator was told.
 */
export function expectHarmless(
  server: Pick<TestServer, 'events'>,
  { status, headers, text, octets }: RawAnswer,
  { form = '', secrets = [] }: { form?: string; secrets?: readonly string[] } = {},
): void {
  expect(status).toBeLessThan(500)
  expect([headers['cache-control'], headers['pragma']]).toEqual(['no-store', 'no-cache'])
  expect(
    Object.keys(headers).filter((name) => /^access-control|^set-cookie|^location|^x-powered-by/.test(name)),
  ).toEqual([])
  expect(octets).not.toMatch(leaks)
  if (status >= 400) expectLegalError(headers['content-type'], text)
  for (const value of valuesOf(form)) expect(octets).not.toContain(value)
  const told = inspect(server.events.splice(0), { depth: 9, maxArrayLength: null, maxStringLength: null })
  for (const secret of secrets) {
    expect(octets).not.toContain(secret)
    expect(told).not.toContain(secret)
  }
  expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined()
}

/** Expects the two members of RFC 6749 §5.2, or none, which a guard says that asks for credentials (RFC 6750 §3.1). */
export function expectLegalError(contentType: string | undefined, text: string): void {
  expect(contentType).toBe('application/json')
  const body = JSON.parse(text) as Record<string, unknown>
  if (text === '{}') return
  expect(Object.keys(body)).toEqual(['error', 'error_description'])
  expect(errorCodes).toContain(body['error'])
  expect(body['error_description']).toMatch(/^[\x20\x21\x23-\x5B\x5D-\x7E]+$/)
}

/** The values of a form, as they were sent and decoded, but for those that are too short to be recognized. */
function valuesOf(form: string): string[] {
  const pairs = form.split('&', 100).filter((pair) => pair.includes('='))
  const sent = pairs.map((pair) => pair.slice(pair.indexOf('=') + 1))
  const decoded = [...new URLSearchParams(form.slice(0, 5000)).values()]
  // A refusal may name grants, parameters, and the scope that was refused.
  const scope = new URLSearchParams(form.slice(0, 5000)).get('scope') ?? ''
  const named = ['password', ...(/^[\x21\x23-\x5B\x5D-\x7E]+$/.test(scope) ? [scope] : [])]
  return [...sent, ...decoded].filter(
    (value) => value.length >= 8 && value.length < 5000 && !named.includes(value.trim()),
  )
}
