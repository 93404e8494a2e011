// An app on node:http alone: there are no types of Express.
import { createServer } from 'node:http'
import type { AuthorizationServer } from 'latchkey'
import { createResourceServer } from 'latchkey/resource-server'

declare const oauth: AuthorizationServer

export const issuer = createServer(oauth.handler())
export const guard = createResourceServer({
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
  jwks: true,
}).requireBearer({ for: 'user' })
export const api = createServer((req, res) => {
  guard(req, res, () => res.end())
})
