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

  /** Takes tokens that are known to be well-formed; see {@link parseScope} for text from outside. */
  constructor(tokens: Iterable<string>) {
    this.#tokens = new Set(tokens)
    this.#text = [...this.#tokens].join(' ')
  }

  /** How many tokens it has. */
  get size(): number {
    return this.#tokens.size
  }

  /** Whether it has this token: exact comparison, `read` is not `read:all`. */
  has(token: string): boolean {
    return this.#tokens.has(token)
  }

  /** The tokens for which `keep` answers true; this scope itself where it does for all. */
  filter(keep: (token: string) => boolean): Scope {
    const kept: string[] = []
    for (const token of this.#tokens) if (keep(token)) kept.push(token)
    return kept.length === this.#tokens.size ? this : new Scope(kept)
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#tokens[Symbol.iterator]()
  }

  /** The form on the wire: tokens separated by one space. */
  toString(): string {
    return this.#text
  }

  /** Scopes appear in JSON as they appear on the wire. */
  toJSON(): string {
    return this.#text
  }
}

/** Whether a text is one scope token. */
export function isScopeToken(text: string): boolean {
  return scopeToken.test(text)
}

/** Parses the `scope` parameter; `undefined` when it is malformed, empty or too large. */
export function parseScope(text: string): Scope | undefined {
  const known = parsedScopes.get(text)
  if (known !== undefined) return known
  if (text.length > MAX_LENGTH) return undefined
  const tokens = text.split(' ')
  if (tokens.length > MAX_TOKENS || !tokens.every(isScopeToken)) return undefined
  const scope = new Scope(tokens)
  // Longer ones are whatever somebody made up, and a thousand of them would be megabytes.
  return text.length > MAX_KEPT_LENGTH ? scope : keep(parsedScopes, text, scope)
}

/** The scope of a stored record. */
export function storedScope(text: string): Scope {
  return storedScopes.get(text) ?? keep(storedScopes, text, new Scope(text === '' ? [] : text.split(' ')))
}

/** Few different scopes exist, so that a bounded number of them is kept: apart, because stores may hold what no request may ask for. */
const parsedScopes = new Map<string, Scope>()
const storedScopes = new Map<string, Scope>()

function keep(scopes: Map<string, Scope>, text: string, scope: Scope): Scope {
  // One object for many requests: what one handler did to it, another would see.
  Object.freeze(scope)
  if (scopes.size >= MAX_CACHED) scopes.clear()
  scopes.set(text, scope)
  return scope
}
