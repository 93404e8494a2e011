import cluster from 'node:cluster'
import type { RequestEvent } from '../telemetry/request-events.js'
import { type WarningEvent, newFindings, type PostureCode, type PostureFinding } from '../telemetry/operator-events.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { GrantHandler } from '../grants/grant-handler.js'
import type { ServerSettings } from './check-server-options.js'
import type { PasswordHasher } from '../passwords/password-hasher.js'
import { isOnLoopback } from '../checks/check-issuer.js'
import type { Throttle } from '../throttle/throttle.js'
import { DAY } from '../time/clock.js'

/** The settings of a server, with defaults. */
export interface PostureSubject {
  readonly options: ServerSettings
  readonly throttle: Throttle | undefined
  readonly isProduction: boolean
}

/** Finds the weak settings of a server. Settings that are fine in development are reported in production only. */
export function weakSettings(subject: PostureSubject): readonly PostureFinding[] {
  const { options, throttle, isProduction } = subject
  const isOneOfSeveral = isOneOfSeveralProcesses()
  const { issuer, tokens, grants } = options
  const found: PostureFinding[] = []
  const find = (isSo: boolean, code: PostureCode, reason: string, remedy: string): void => {
    if (isSo) found.push({ code, reason, remedy })
  }
  find(
    (isProduction || isOneOfSeveral) && tokens.isVolatile === true,
    'memory_store',
    isOneOfSeveral
      ? 'Tokens are kept in the memory of each process: the tokens and revocations of one process are unknown to the others'
      : 'Tokens are kept in memory: a restart signs everybody out and forgets revocations',
    'Use the stores of latchkey/stores/sqlite, postgres, mysql or redis',
  )
  find(
    throttle === undefined,
    'no_throttle',
    'Failed sign-ins are not throttled (RFC 6749 section 4.3.2)',
    'Leave throttle out, or use the throttle of the stores: throttle: stores.throttle',
  )
  find(
    throttle?.isShared === false && (isOneOfSeveral || (isProduction && tokens.isShared === true)),
    'memory_throttle',
    'Each process counts failures separately: each further process gives an attacker that many more guesses',
    'Use the throttle of the stores: throttle: stores.throttle, from latchkey/stores/sqlite, postgres, mysql or redis',
  )
  find(
    options.secret === undefined &&
      grants.some((grant) => grant.usesSecret === true) &&
      (isOneOfSeveral || (isProduction && tokens.isShared === true)),
    'unshared_secret',
    'Each process seals device tokens with a secret of its own: the other processes ignore them',
    'Give all processes the same secret: 32 random bytes, for example from openssl rand -base64 32',
  )
  found.push(...grants.flatMap((grant) => grant.weaknesses ?? []), ...weakLifetimes(options))
  find(
    issuer.startsWith('http:') && (isProduction || !isOnLoopback(issuer)),
    'http_issuer',
    'The issuer is not https: passwords and tokens can be read in transit',
    'Put the server behind TLS, and set issuer to its https URL',
  )
  find(
    isProduction && issuer.startsWith('https:') && options.requireTls === false,
    'no_tls',
    'Requests without TLS are accepted (requireTls: false)',
    'Leave requireTls out; behind a TLS proxy, set trust proxy in the Express app, or isSecure',
  )
  find(
    options.signingKeys?.isSymmetric === true && (options.resources ?? []).length > 1,
    'shared_symmetric_key',
    'JWTs for other services are signed with HS256: every service that can verify one can also forge one',
    'Sign with ES256, PS256, RS256 or EdDSA, and let the services verify with the published keys',
  )
  return found
}

function weakLifetimes(options: ServerSettings): readonly PostureFinding[] {
  const { accessTokenLifetimeSeconds, authorizationLifetimeSeconds, grants, checkRevocation, signingKeys } = options
  const found: PostureFinding[] = []
  if (accessTokenLifetimeSeconds > DAY) {
    found.push({
      code: 'long_access_tokens',
      reason: `Access tokens live for ${String(accessTokenLifetimeSeconds)} seconds, which is more than a day`,
      remedy: looksLikeMilliseconds(accessTokenLifetimeSeconds)
        ? `If these are milliseconds, write ${String(accessTokenLifetimeSeconds / 1000)}`
        : 'Set accessTokenLifetimeSeconds to 3600 or less, and use refresh tokens',
    })
  }
  if (signingKeys !== undefined && !checkRevocation && accessTokenLifetimeSeconds > 3600) {
    found.push({
      code: 'unrevocable_tokens',
      reason: 'Revoked JWTs are accepted for more than an hour (checkRevocation: false)',
      remedy: 'Leave checkRevocation out, or set accessTokenLifetimeSeconds to 3600 or less',
    })
  }
  if (grants.some(({ grantType }) => grantType === 'refresh_token') && authorizationLifetimeSeconds > 400 * DAY) {
    found.push({
      code: 'unlimited_sign_ins',
      reason: 'A sign-in can be refreshed for more than a year',
      remedy: 'Leave authorizationLifetimeSeconds out for the default of 90 days',
    })
  }
  return found
}

/** A lifetime of weeks that would be one of minutes in milliseconds. */
function looksLikeMilliseconds(seconds: number): boolean {
  return seconds >= 600_000 && seconds % 60_000 === 0
}

/** The findings from requests, each kind once. */
export function noticedWeaknesses(
  grants: readonly GrantHandler[],
  hasher: PasswordHasher,
  ...others: readonly (PostureFinding | undefined)[]
): readonly PostureFinding[] {
  const grantsFound = grants.flatMap((grant) => grant.noticedWeaknesses?.() ?? [])
  const all = [...others, ...grantsFound, ...(hasher.weaknesses?.() ?? [])].filter((found) => found !== undefined)
  return newFindings(() => all)()
}

/** Returns whether this is a worker of a cluster, or of a process manager that says so in the environment. */
function isOneOfSeveralProcesses(): boolean {
  const { NODE_APP_INSTANCE, pm_id: processManagerId } = process.env
  return cluster.isWorker || (NODE_APP_INSTANCE ?? processManagerId) !== undefined
}

/** Refuses a server with weak settings. */
export function requireStrength(findings: readonly PostureFinding[]): void {
  if (findings.length === 0) return
  const [first] = findings
  const problem = findings.map(({ code, reason }) => `${code}: ${reason}`).join('; ')
  throw new ConfigurationError('strict', `refuses weak settings: ${problem}`, first?.remedy ?? '')
}

/** Warns about all findings at once, at startup. */
export function weaknessWarning(findings: readonly PostureFinding[]): Omit<WarningEvent, keyof RequestEvent> {
  const codes = findings.map(({ code }) => code).join(', ')
  return { type: 'warning', code: 'weak_settings', message: `Weak settings: ${codes}`, findings }
}
