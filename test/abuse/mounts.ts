import { createServer, type Server } from 'node:http'
import express5, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import express4 from 'express4'
import type { TestServer, TestServerOptions } from '../fixtures/test-server.js'

/** Which bodies a parser reads. */
export type Reading = 'form' | 'json' | 'any'

/** A way in which an application puts the endpoints behind something else, or before it. */
export interface Mount {
  readonly name: string
  /** What is read before the router has a look: forms, JSON, anything as it is. */
  readonly reads: readonly Reading[]
  /** A server of this kind, not listening yet. */
  make(create: (options: TestServerOptions) => TestServer): TestServer
}

const asExpress5 = (express: typeof express4): typeof express5 => express as unknown as typeof express5

const parsers = (express: typeof express5): readonly [name: string, reads: Reading[], handlers: RequestHandler[]][] => [
  ['no parser', [], []],
  ['urlencoded({ extended: false })', ['form'], [express.urlencoded({ extended: false })]],
  ['urlencoded({ extended: true })', ['form'], [express.urlencoded({ extended: true })]],
  ['json()', ['json'], [express.json()]],
  ['json() and urlencoded()', ['json', 'form'], [express.json(), express.urlencoded({ extended: true })]],
  ["text({ type: '*/*' })", ['any'], [express.text({ type: '*/*' })]],
  ["raw({ type: '*/*' })", ['any'], [express.raw({ type: '*/*' })]],
]

/** What the parsers themselves refuse is the application's to answer. */
function routes(app: Express): void {
  const answerError: ErrorRequestHandler = (error: { status: number }, _req, res, next) => {
    if (res.headersSent) next(error)
    else res.status(error.status).type('text').send('refused by the application')
  }
  app.use(answerError)
}

/** Every body parser before the router on both majors of Express, and `oauth.handler` in front of an app. */
export const mounts: readonly Mount[] = [
  ...([4, 5] as const).flatMap((major) =>
    parsers(major === 4 ? asExpress5(express4) : express5).map(([name, reads, handlers]): Mount => {
      const before = (app: Express): void => {
        handlers.forEach((handler) => app.use(handler))
      }
      return {
        name: `Express ${String(major)}, ${name}`,
        reads,
        make: (create) => create({ express: major, before, routes }),
      }
    }),
  ),
  {
    name: 'oauth.handler(app)',
    reads: [],
    make(create) {
      let app: Express | undefined
      const made = create({ before: (given) => (app = given) })
      const http: Server = createServer(made.oauth.handler(app))
      return { ...made, http }
    },
  },
]
