// An app that moves from another guard to ours, route by route.
import express from 'express'
import { auth as theirGuard } from 'express-oauth2-jwt-bearer'
import type { AuthorizationServer } from 'latchkey'

declare const oauth: AuthorizationServer

export const app = express()

app.get('/moved', oauth.requireBearer({ for: 'user' }), (req, res) => {
  const userId: string = req.auth.userId
  res.json(userId)
})

app.get('/not-yet-moved', theirGuard(), (req, res) => {
  const subject: string | undefined = req.auth?.payload.sub
  res.json(subject)
})

app.get('/behind-a-router', (req, res) => {
  const clientId: string | undefined = req.auth?.clientId
  res.json(clientId)
})
