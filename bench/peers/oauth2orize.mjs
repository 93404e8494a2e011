// oauth2orize, with passport-http for clients and passport-http-bearer for the guard: callbacks over Maps.
import { createPrivateKey, createSecretKey, randomBytes } from 'node:crypto'
import bcrypt from 'bcryptjs'
import express from 'express'
import jwt from 'jsonwebtoken'
import oauth2orize from 'oauth2orize'
import passport from 'passport'
import { BasicStrategy } from 'passport-http'
import { Strategy as BearerStrategy } from 'passport-http-bearer'
import { audience, client, issuer, lifetimeSeconds, orders, scope, user } from '../fixtures.mjs'

export async function create({ workload, keys }) {
  const alice = { id: user.id, passwordHash: await bcrypt.hash(user.password, workload.cost ?? 4) }
  const accessTokens = new Map()
  const refreshTokens = new Map()
  const newToken = () => randomBytes(32).toString('base64url')
  const newAccessToken = workload.algorithm ? jwtMaker(keys[workload.algorithm]) : newToken

  function issue(by, who, granted, done) {
    const record = { clientId: by.id, userId: who?.id, scope: granted, expiresAt: Date.now() + lifetimeSeconds * 1000 }
    const accessToken = newAccessToken(who ?? by)
    accessTokens.set(accessToken, record)
    const refreshToken = who && newToken()
    if (refreshToken) refreshTokens.set(refreshToken, record)
    done(null, accessToken, refreshToken, { expires_in: lifetimeSeconds, scope: granted.join(' ') })
  }

  const server = oauth2orize.createServer()
  server.exchange(oauth2orize.exchange.clientCredentials((by, granted, done) => issue(by, undefined, granted, done)))
  server.exchange(
    oauth2orize.exchange.password(async (by, name, password, granted, done) => {
      const matches = name === user.name && (await bcrypt.compare(password, alice.passwordHash))
      if (matches) issue(by, alice, granted, done)
      else done(null, false)
    }),
  )
  server.exchange(
    oauth2orize.exchange.refreshToken((by, token, granted, done) => {
      const record = refreshTokens.get(token)
      if (record?.clientId !== by.id) return done(null, false)
      refreshTokens.delete(token)
      issue(by, { id: record.userId }, record.scope, done)
    }),
  )

  passport.use(
    new BasicStrategy((id, secret, done) => done(null, id === client.id && secret === client.secret && { id })),
  )
  passport.use(
    new BearerStrategy((token, done) => {
      const record = accessTokens.get(token)
      if (!record || record.expiresAt < Date.now() || !record.scope.includes(scope)) return done(null, false)
      done(null, { id: record.userId ?? record.clientId }, { scope: record.scope })
    }),
  )
  const by = (strategy) => passport.authenticate(strategy, { session: false })
  const app = express()
  const form = express.urlencoded({ extended: false })
  app.post('/oauth/token', form, by('basic'), server.token(), server.errorHandler())
  app.get('/orders', by('bearer'), (req, res) => res.json(orders))
  return { handler: app }
}

/** Tokens are the user's code here: jsonwebtoken, with a key that was parsed once. */
function jwtMaker({ alg, kid, ...jwk }) {
  const key = jwk.kty === 'oct' ? createSecretKey(jwk.k, 'base64url') : createPrivateKey({ key: jwk, format: 'jwk' })
  const options = { algorithm: alg, keyid: kid, issuer, audience, expiresIn: lifetimeSeconds }
  return ({ id }) => jwt.sign({ client_id: id, scope, jti: crypto.randomUUID() }, key, { ...options, subject: id })
}
