import type { SigningAlgorithm } from '../jose/signing-key.js'
import type { AccessTokenFormat } from '../stores/client-store.js'

/** An API that accepts the server's tokens (RFC 8707). */
export interface Resource {
  /** Its identifier: an absolute URI without fragment, compared as it is. It becomes `aud`. */
  readonly resource: string
  /** The scopes that it knows, each also in the server's `scopes`. Default: all. */
  readonly scopes?: readonly string[]
  /** The format of access tokens for it. Default: the client's, then the server's. */
  readonly accessTokenFormat?: AccessTokenFormat
  /** The algorithm that its JWTs are signed with. Default: that of the first active key. */
  readonly signingAlgorithm?: SigningAlgorithm
}

/** The server's resources. The first one is the default. */
export type Resources = ReadonlyMap<string, Resource>

/** Returns the audience of a token as it is stored: a URI has no space. */
export function audienceText(resources: readonly Resource[]): string {
  return resources.map(({ resource }) => resource).join(' ')
}

/** Returns the resources in a stored audience; `undefined` for none, as in records that are older than the server's resources. */
export function audienceList(audience: string): readonly string[] | undefined {
  return audience === '' ? undefined : audience.split(' ')
}
