// @jmondi/oauth2-server: repositories over Maps. Its access tokens are JWTs, its refresh tokens opaque here.
import { createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto'
import {
  AuthorizationServer,
  DateInterval,
  generateRandomToken,
  JwtService,
  OAuthException,
} from '@jmondi/oauth2-server'
import { handleExpressError, handleExpressResponse } from '@jmondi/oauth2-server/express'
import bcrypt from 'bcryptjs'
import express from 'express'
import jwt from 'jsonwebtoken'
import { client, issuer, lifetimeSeconds, orders, publicJwk, scope, user } from '../fixtures.mjs'

export async function create({ workload, keys }) {
  const alice = { id: user.id, passwordHash: await bcrypt.hash(user.password, workload.cost ?? 4) }
  const lifetime = new DateInterval(`${lifetimeSeconds}s`)
  const service = {
    id: client.id,
    name: 'Stock sync',
    secret: client.secret,
    redirectUris: [],
    allowedGrants: ['client_credentials', 'password', 'refresh_token'],
    scopes: [{ name: scope }],
  }
  const accessTokens = new Map()
  const refreshTokens = new Map()
  const clients = {
    getByIdentifier: async (id) => (id === service.id ? service : undefined),
    isClientValid: async (grant, by, secret) => secret === by.secret && by.allowedGrants.includes(grant),
  }
  const tokens = {
    issueToken: async (by, scopes, who) => ({
      accessToken: generateRandomToken(),
      accessTokenExpiresAt: lifetime.getEndDate(),
      client: by,
      user: who,
      scopes,
    }),
    async issueRefreshToken(token) {
      token.refreshToken = generateRandomToken()
      token.refreshTokenExpiresAt = new DateInterval('14d').getEndDate()
      refreshTokens.set(token.refreshToken, token)
      return token
    },
    persist: async (token) => void accessTokens.set(token.accessToken, token),
    async revoke(token) {
      token.accessTokenExpiresAt = token.refreshTokenExpiresAt = new Date(0)
      accessTokens.delete(token.accessToken)
      refreshTokens.delete(token.refreshToken)
    },
    isRefreshTokenRevoked: async (token) => Date.now() > token.refreshTokenExpiresAt.getTime(),
    async getByRefreshToken(token) {
      if (!refreshTokens.has(token)) throw OAuthException.invalidGrant('unknown refresh token')
      return refreshTokens.get(token)
    },
    getByAccessToken: async (token) => accessTokens.get(token),
  }
  const scopes = {
    getAllByIdentifiers: async (names) => names.map((name) => ({ name })).filter(({ name }) => name === scope),
    finalize: async (requested) => requested,
  }
  const users = {
    getUserByCredentials: async (name, password) =>
      name === user.name && (await bcrypt.compare(password, alice.passwordHash)) ? alice : undefined,
  }
  const jwts = new Jwts(keys[workload.algorithm ?? 'HS256'])
  const server = new AuthorizationServer(clients, tokens, scopes, jwts, { issuer, useOpaqueRefreshTokens: true })
  server.enableGrantTypes(
    ['client_credentials', lifetime],
    [{ grant: 'password', userRepository: users }, lifetime],
    ['refresh_token', lifetime],
  )

  const form = express.urlencoded({ extended: false })
  const endpoint = (answer) => async (req, res) => {
    try {
      handleExpressResponse(res, await answer(req))
    } catch (error) {
      handleExpressError(error, res)
    }
  }
  const app = express()
  app.post(
    '/oauth/token',
    form,
    endpoint((req) => server.respondToAccessTokenRequest(req)),
  )
  app.post(
    '/oauth/introspect',
    form,
    endpoint((req) => server.introspect(req)),
  )
  app.post(
    '/oauth/revoke',
    form,
    endpoint((req) => server.revoke(req)),
  )
  // It has no guard: this route has none either.
  app.get('/orders', (req, res) => res.json(orders))
  return { handler: app }
}

/** Its JwtService signs with HS256; the algorithm, and a key that was parsed once, are the user's code. */
class Jwts extends JwtService {
  #sign
  #verify
  #options

  constructor(jwk) {
    super('')
    this.#options = { algorithm: jwk.alg, keyid: jwk.kid }
    if (jwk.kty === 'oct') this.#sign = this.#verify = createSecretKey(jwk.k, 'base64url')
    else {
      this.#sign = createPrivateKey({ key: jwk, format: 'jwk' })
      this.#verify = createPublicKey({ key: publicJwk(jwk), format: 'jwk' })
    }
  }

  async sign(payload) {
    return jwt.sign(payload, this.#sign, this.#options)
  }

  async verify(token, options = {}) {
    return jwt.verify(token, this.#verify, { ...options, algorithms: [this.#options.algorithm] })
  }
}
