import type { ClientAuthMethod } from './client-auth-method.js'

/** `none`: a public client names itself in `client_id`. That identifies it; it proves nothing (RFC 6749 §3.2.1). */
export const none: ClientAuthMethod = {
  name: 'none',
  readCredentials({ authorization, parameters }) {
    const clientId = parameters.get('client_id')
    if (clientId === undefined || authorization !== undefined) return undefined
    return { clientId, proof: undefined }
  },
  verifyCredentials: (client) => client?.clientType === 'public',
}
