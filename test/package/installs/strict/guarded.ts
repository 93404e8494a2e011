import express = require('express')
import type { AuthorizationServer } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'

declare const oauth: AuthorizationServer

export const stores = createMemoryStores()
export const app = express()
app.get('/', oauth.requireBearer({ for: 'user' }), (req, res) => {
  const userId: string = req.auth.userId
  res.json(userId)
})
