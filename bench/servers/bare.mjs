// Express, and routes that answer a constant: what a library cannot be faster than, unless it goes around Express.
import express from 'express'
import { constantTokens, orders } from '../fixtures.mjs'

export function create() {
  const app = express()
  app.post('/oauth/token', (req, res) => res.json(constantTokens))
  app.post('/oauth/introspect', (req, res) => res.json({ active: true, ...constantTokens }))
  app.post('/oauth/revoke', (req, res) => res.end())
  app.get('/orders', (req, res) => res.json(orders))
  return { handler: app }
}
