import express = require('express')
import { createAuthorizationServer, clientCredentialsGrant } from 'latchkey'
import { BearerStrategy } from 'latchkey/passport'
import { createResourceServer } from 'latchkey/resource-server'
import { createMemoryStores } from 'latchkey/stores/memory'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { openPostgresStores } from 'latchkey/stores/postgres'
import { openMysqlStores } from 'latchkey/stores/mysql'
import { openRedisStores } from 'latchkey/stores/redis'
import { printMigrations } from 'latchkey/stores/migrations'
import { tokenStoreContract } from 'latchkey/testing'

const oauth = createAuthorizationServer({
  issuer: 'http://localhost:3000',
  ...createMemoryStores(),
  scopes: ['orders:read'],
  grants: [clientCredentialsGrant()],
})

export const app = express()
app.use(oauth.router())
app.get('/', oauth.requireBearer({ for: 'user' }), (req, res) => {
  const userId: string = req.auth.userId
  res.json(userId)
})

export const others = [
  BearerStrategy,
  createResourceServer,
  openSqliteStores,
  openPostgresStores,
  openMysqlStores,
  openRedisStores,
  printMigrations,
  tokenStoreContract,
]
