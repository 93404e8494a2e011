import { isBasic, parseBasicCredentials } from './basic-credentials.js'
import type { ClientAuthMethod } from './client-auth-method.js'
import type { ClientSecretVerifier } from './client-secret.js'
import { malformedCredentials } from './invalid-client.js'

/** `client_secret_basic`: id and secret in HTTP Basic (RFC 6749 §2.3.1). */
export function clientSecretBasic(verifier: ClientSecretVerifier): ClientAuthMethod {
  return {
    name: 'client_secret_basic',
    readCredentials({ authorization }) {
      if (authorization === undefined || !isBasic(authorization)) return undefined
      const credentials = parseBasicCredentials(authorization)
      if (typeof credentials === 'string') throw malformedCredentials('The Basic credentials are', credentials)
      return credentials
    },
    ...verifier,
  }
}
