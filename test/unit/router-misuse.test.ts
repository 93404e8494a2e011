import express from 'express'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from 'latchkey'
import { testServer } from '../fixtures/test-server.js'

describe('oauth.router, given as a middleware without being called', () => {
  it('fails on the first request with the remedy, instead of never responding', async () => {
    const errors: unknown[] = []
    const app = express()
    const { oauth } = testServer() as unknown as { oauth: { router: express.RequestHandler } }
    app.use(oauth.router)
    const onError: express.ErrorRequestHandler = (error, _req, res, next) => {
      errors.push(error)
      if (res.headersSent) next(error)
      else res.sendStatus(500)
    }
    app.use(onError)
    expect((await request(app).get('/')).status).toBe(500)
    expect(errors).toEqual([expect.any(ConfigurationError)])
    expect(String(errors[0])).toContain('app.use(oauth.router())')
  })
})
