// An app with another package whose types extend Request with an `auth` of its own.
import express from 'express'
import type { AuthorizationServer } from 'latchkey'
import type { IBasicAuthedRequest } from './express-basic-auth.js'

declare global {
  namespace Express {
    interface OtherAuth {
      basic: { user: string; password: string }
    }
  }
}

declare const oauth: AuthorizationServer

export const app = express()

app.get('/ours', oauth.requireBearer({ for: 'user' }), (req, res) => {
  const userId: string = req.auth.userId
  res.json(userId)
})

app.get('/theirs', (req, res) => {
  const { user } = (req as IBasicAuthedRequest).auth
  res.json(user)
})
