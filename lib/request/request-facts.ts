import type { RefusalFacts } from '../errors/refusal.js'
import type { RequestContext } from './request-context.js'
import { redactText } from '../errors/log-text.js'

/** What is known about a request when it is refused. */
export interface RequestFacts extends RefusalFacts {
  readonly grantType?: string | undefined
  /** As the client sent it. */
  readonly scope?: string | undefined
  /** Space-separated. */
  readonly resource?: string | undefined
}

/** A context that collects facts for the event of a refusal. Not part of {@link RequestContext}, so that hooks do not use it. */
export interface ContextWithFacts extends RequestContext {
  noteClient(clientId: string): void
  noteGrantType(grantType: string): void
  noteRefused(facts: RefusalFacts): void
  facts(): RequestFacts
}

/** Notes which client has authenticated. Takes a few nanoseconds, because every token request does so. */
export function noteClient(context: RequestContext, clientId: string): void {
  ;(context as Partial<ContextWithFacts>).noteClient?.(clientId)
}

/** Notes the grant type of a request, if the server serves it. */
export function noteGrantType(context: RequestContext, grantType: string): void {
  ;(context as Partial<ContextWithFacts>).noteGrantType?.(grantType)
}

/** Notes the owner of a token that is being refused, and why. */
export function noteRefused(context: RequestContext, facts: RefusalFacts): void {
  ;(context as Partial<ContextWithFacts>).noteRefused?.(facts)
}

/** Returns what was noted, and the requested scope and resources. Empty without a request. */
export function factsOf(context: RequestContext): RequestFacts {
  return (context as Partial<ContextWithFacts>).facts?.() ?? {}
}

/** A context that knows the secrets of its request. Not part of {@link RequestContext}, so that hooks cannot read them by accident. */
export interface ContextWithSecrets extends RequestContext {
  secretValues(): readonly string[]
}

/** Returns the values of a request that must not reach a log: passwords, secrets, tokens, assertions. Empty without a request. */
export function secretsOf(context: RequestContext): readonly string[] {
  return (context as Partial<ContextWithSecrets>).secretValues?.() ?? []
}

/** Removes the secrets of a request from a text that a hook returned. Cheap if there are none in it. */
export function withoutSecrets(text: string, context: RequestContext): string {
  const secrets = secretsOf(context)
  const hasSecret = secrets.some((secret) => secret.length > 5 && text.includes(secret))
  return hasSecret ? redactText(text, secrets) : text
}
