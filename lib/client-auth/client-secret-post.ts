import { isPrintableAscii } from '../protocol/grammar.js'
import type { ClientAuthMethod } from './client-auth-method.js'
import type { ClientSecretVerifier } from './client-secret.js'
import { malformedCredentials } from './invalid-client.js'

/** Creates the method `client_secret_post`: `client_id` and `client_secret` in the body (RFC 6749 §2.3.1). */
export function clientSecretPost(verifier: ClientSecretVerifier): ClientAuthMethod {
  return {
    name: 'client_secret_post',
    readCredentials({ parameters }) {
      const proof = parameters.get('client_secret')
      if (proof === undefined) return undefined
      const clientId = parameters.get('client_id')
      if (clientId === undefined) throw malformedCredentials(inForm, 'client_secret is there, and client_id is not')
      if (!isPrintableAscii(proof)) throw malformedCredentials(inForm, 'the secret is not printable ASCII')
      return { clientId, proof }
    },
    ...verifier,
  }
}

const inForm = 'The credentials in the form are'
