import type { RefusalFacts } from '../errors/refusal.js'
import type { RequestContext } from './request-context.js'

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
