/** A setting that is weaker than it need be. */
export interface PostureFinding {
  /** Names it, for lists of what is accepted. */
  readonly code: PostureCode
  /** What is weak, and what of it. */
  readonly reason: string
  /** What to do. */
  readonly remedy: string
}

/** What may be found. */
export type PostureCode =
  | 'memory_store'
  | 'memory_throttle'
  | 'no_throttle'
  | 'unshared_secret'
  | 'public_password_client'
  | 'long_grace'
  | 'short_grace'
  | 'long_access_tokens'
  | 'unrevocable_tokens'
  | 'unlimited_sign_ins'
  | 'http_issuer'
  | 'no_tls'
  | 'shared_symmetric_key'
  | 'untrusted_proxy'
  | 'introspects_everything'
  | 'costlier_hashes'
  | 'shared_user_address'

/** Makes a function that returns what a source has found, of each kind once. */
export function newFindings(find: () => readonly PostureFinding[]): () => readonly PostureFinding[] {
  const known = new Set<PostureCode>()
  return () => find().filter(({ code }) => !known.has(code) && known.add(code))
}
