import type { ClientAuthMethod } from './client-auth-method.js'

/** The method `none`: a public client identifies itself by `client_id`, which proves nothing (RFC 6749 §3.2.1). */
export const none: ClientAuthMethod = {
  name: 'none',
  readCredentials({ authorization, parameters }) {
    const clientId = parameters.get('client_id')
    if (clientId === undefined || authorization !== undefined) return undefined
    return { clientId, proof: undefined }
  },
  verifyCredentials: (client) => client?.clientType === 'public',
}
