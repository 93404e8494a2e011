// @node-oauth/express-oauth-server: a model over Maps, as its documentation shows it.
import { createPrivateKey, createSecretKey } from 'node:crypto'
import OAuthServer from '@node-oauth/express-oauth-server'
import bcrypt from 'bcryptjs'
import express from 'express'
import jwt from 'jsonwebtoken'
import { audience, client, issuer, lifetimeSeconds, orders, scope, user } from '../fixtures.mjs'

export async function create({ workload, keys }) {
  const alice = { id: user.id, passwordHash: await bcrypt.hash(user.password, workload.cost ?? 4) }
  const service = { id: client.id, secret: client.secret, grants: ['client_credentials', 'password', 'refresh_token'] }
  const accessTokens = new Map()
  const refreshTokens = new Map()
  const model = {
    getClient: (id, secret) => id === service.id && (secret === null || secret === service.secret) && service,
    getUserFromClient: ({ id }) => ({ id }),
    getUser: async (name, password) =>
      name === user.name && (await bcrypt.compare(password, alice.passwordHash)) && alice,
    validateScope: (who, by, requested = []) => requested.every((one) => one === scope) && requested,
    verifyScope: (token, required) => required.every((one) => token.scope.includes(one)),
    saveToken(token, by, who) {
      const saved = { ...token, client: by, user: who }
      accessTokens.set(token.accessToken, saved)
      if (token.refreshToken) refreshTokens.set(token.refreshToken, saved)
      return saved
    },
    getAccessToken: (token) => accessTokens.get(token),
    getRefreshToken: (token) => refreshTokens.get(token),
    revokeToken: (token) => refreshTokens.delete(token.refreshToken),
    ...(workload.algorithm && { generateAccessToken: jwtMaker(keys[workload.algorithm]) }),
  }
  const oauth = new OAuthServer({ model })
  const app = express()
  app.post('/oauth/token', express.urlencoded({ extended: false }), oauth.token())
  app.get('/orders', oauth.authenticate({ scope: [scope] }), (req, res) => res.json(orders))
  return { handler: app }
}

/** Tokens are the user's code here: jsonwebtoken, with a key that was parsed once. */
function jwtMaker({ alg, kid, ...jwk }) {
  const key = jwk.kty === 'oct' ? createSecretKey(jwk.k, 'base64url') : createPrivateKey({ key: jwk, format: 'jwk' })
  const options = { algorithm: alg, keyid: kid, issuer, audience, expiresIn: lifetimeSeconds }
  return (by, who) =>
    jwt.sign({ client_id: by.id, scope, jti: crypto.randomUUID() }, key, { ...options, subject: who.id })
}
