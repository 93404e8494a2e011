// Guards that verify JWTs by keys of somebody else's. The variant is the name of the package.
import { createPublicKey } from 'node:crypto'
import express from 'express'
import { expressjwt } from 'express-jwt'
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer'
import passport from 'passport'
import { ExtractJwt, Strategy as JwtStrategy } from 'passport-jwt'
import { audience, issuer, orders, publicJwk, scope } from '../fixtures.mjs'
import { serveJwks } from '../servers/parts.mjs'

export async function create({ workload, variant, keys }) {
  const jwk = keys[workload.algorithm]
  const guards = await makers[variant](jwk)
  return { handler: express().get('/orders', ...guards, (req, res) => res.json(orders), refuse) }
}

const makers = {
  'express-oauth2-jwt-bearer': async (jwk) => [
    auth({ issuer, audience, jwksUri: await serveJwks(jwk), tokenSigningAlg: jwk.alg }),
    requiredScopes(scope),
  ],

  'express-jwt': (jwk) => [
    expressjwt({ secret: keyOf(jwk), algorithms: [jwk.alg], issuer, audience }),
    (req, res, next) => (req.auth.scope.split(' ').includes(scope) ? next() : res.status(403).end()),
  ],

  'passport-jwt': (jwk) => {
    const options = {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      algorithms: [jwk.alg],
      issuer,
      audience,
    }
    passport.use(
      new JwtStrategy({ ...options, secretOrKey: keyOf(jwk) }, (claims, done) =>
        done(null, claims.scope.split(' ').includes(scope) && { id: claims.sub }),
      ),
    )
    return [passport.authenticate('jwt', { session: false })]
  },
}

function keyOf(jwk) {
  return createPublicKey({ key: publicJwk(jwk), format: 'jwk' })
}

/** Without it, Express writes each refusal to the console. */
function refuse(error, req, res, next) {
  if (res.headersSent) next(error)
  else res.status(error.status ?? 500).end()
}
