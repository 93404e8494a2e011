/** RFC 6749 §3.3: printable ASCII without space, `"` and `\`. */
const scopeToken = /^[\x21\x23-\x5B\x5D-\x7E]+$/
const MAX_LENGTH = 4096
const MAX_TOKENS = 100
const MAX_CACHED = 1000
const MAX_KEPT_LENGTH = 256

/** An immutable set of scope tokens; order and repeats do not matter (RFC 6749 §3.3). */
export class Scope implements Iterable<string> {
  readonly #tokens: ReadonlySet<string>
  readonly #text: string

  /** Takes tokens that are known to be well-formed. For text from outside, use {@link parseScope}. */
  constructor(tokens: Iterable<string>) {
    this.#tokens = new Set(tokens)
    this.#text = [...this.#tokens].join(' ')
  }

  /** The number of tokens. */
  get size(): number {
    return this.#tokens.size
  }

  /** Returns whether it has a token. Tokens are compared exactly: `read` is not `read:all`. */
  has(token: string): boolean {
    return this.#tokens.has(token)
  }

  /** Returns the scope of the tokens for which `keep` returns true; this object if that is all of them. */
  filter(keep: (token: string) => boolean): Scope {
    const kept: string[] = []
    for (const token of this.#tokens) if (keep(token)) kept.push(token)
    return kept.length === this.#tokens.size ? this : new Scope(kept)
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#tokens[Symbol.iterator]()
  }

  /** Returns the form on the wire: tokens separated by one space. */
  toString(): string {
    return this.#text
  }

  /** Returns the same, so that a scope in JSON looks as on the wire. */
  toJSON(): string {
    return this.#text
  }
}

/** Returns whether a text is one scope token. */
export function isScopeToken(text: string): boolean {
  return scopeToken.test(text)
}

/** Parses the `scope` parameter. Returns `undefined` if it is malformed, empty or too large. */
export function parseScope(text: string): Scope | undefined {
  const known = parsedScopes.get(text)
  if (known !== undefined) return known
  if (text.length > MAX_LENGTH) return undefined
  const tokens = text.split(' ')
  if (tokens.length > MAX_TOKENS || !tokens.every(isScopeToken)) return undefined
  const scope = new Scope(tokens)
  // A long text is probably made up, and caching a thousand of them would take megabytes.
  return text.length > MAX_KEPT_LENGTH ? scope : keep(parsedScopes, text, scope)
}

/** Returns the scope of a stored record. */
export function storedScope(text: string): Scope {
  return storedScopes.get(text) ?? keep(storedScopes, text, new Scope(text === '' ? [] : text.split(' ')))
}

// Few different scopes exist, so they are cached. In two caches: a store may hold a scope that no request may ask for.
const parsedScopes = new Map<string, Scope>()
const storedScopes = new Map<string, Scope>()

function keep(scopes: Map<string, Scope>, text: string, scope: Scope): Scope {
  // Many requests share this object: a change by one handler would be seen by others.
  Object.freeze(scope)
  if (scopes.size >= MAX_CACHED) scopes.clear()
  scopes.set(text, scope)
  return scope
}
