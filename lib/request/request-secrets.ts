import { redactText } from '../errors/redacted-text.js'
import type { RequestContext } from './request-context.js'

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
