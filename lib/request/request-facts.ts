import type { RefusalFacts } from '../errors/refusal.js'
import type { RequestContext } from './request-context.js'
import { redactText } from '../errors/log-text.js'

/** What is known of a request when it is refused. */
export interface RequestFacts extends RefusalFacts {
  readonly grantType?: string | undefined
  /** As the client sent it. */
  readonly scope?: string | undefined
  /** Space-separated. */
  readonly resource?: string | undefined
}

/** A context that remembers what was found out; not a member of {@link RequestContext}, so that no hook is tempted. */
export interface ContextWithFacts extends RequestContext {
  noteClient(clientId: string): void
  noteGrantType(grantType: string): void
  noteRefused(facts: RefusalFacts): void
  facts(): RequestFacts
}

/** Notes which client has authenticated. A few nanoseconds: every token request does so. */
export function noteClient(context: RequestContext, clientId: string): void {
  ;(context as Partial<ContextWithFacts>).noteClient?.(clientId)
}

/** Notes the grant type of a request, when it is one that is served. */
export function noteGrantType(context: RequestContext, grantType: string): void {
  ;(context as Partial<ContextWithFacts>).noteGrantType?.(grantType)
}

/** Notes whose a token is that is being refused, and what shows why. */
export function noteRefused(context: RequestContext, facts: RefusalFacts): void {
  ;(context as Partial<ContextWithFacts>).noteRefused?.(facts)
}

/** Returns what was noted, and what was asked for. Empty without a request. */
export function factsOf(context: RequestContext): RequestFacts {
  return (context as Partial<ContextWithFacts>).facts?.() ?? {}
}

/** A context that knows what is secret in its request; not a member of {@link RequestContext}, so that no hook is tempted. */
export interface ContextWithSecrets extends RequestContext {
  secretValues(): readonly string[]
}

/** Returns what a request brought that must not reach a log: passwords, secrets, tokens, assertions. Empty without a request. */
export function secretsOf(context: RequestContext): readonly string[] {
  return (context as Partial<ContextWithSecrets>).secretValues?.() ?? []
}

/** Removes from a text of a hook what its request brought. Our own texts are constants, so this costs little where there is nothing. */
export function withoutSecrets(text: string, context: RequestContext): string {
  const secrets = secretsOf(context)
  const hasSecret = secrets.some((secret) => secret.length > 5 && text.includes(secret))
  return hasSecret ? redactText(text, secrets) : text
}
