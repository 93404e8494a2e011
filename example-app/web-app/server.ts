// The shop's own web app: a client of the shop, in a process of its own. It has no database, only its client secret.
import { fileURLToPath } from 'node:url'
import express, { type ErrorRequestHandler } from 'express'
import helmet from 'helmet'
import { listenAsChild } from '../processes.js'
import { readSettings } from '../settings.js'
import { devicesPage } from './devices-page.js'
import { integrationsPage } from './integrations-page.js'
import { ordersPage } from './orders-page.js'
import { sendPage } from './page.js'
import { openSession, protectForms, sessionOf } from './session.js'
import { SignInNeeded, Trouble } from './shop-client.js'
import { signInPages } from './sign-in.js'

const [own, none] = [["'self'"], ["'none'"]]
const allowed = { scriptSrc: own, styleSrc: own, imgSrc: own, connectSrc: own, formAction: own }
const directives = { defaultSrc: none, baseUri: none, frameAncestors: none, ...allowed }

const app = express()
app.use(helmet({ contentSecurityPolicy: { useDefaults: false, directives } }))
app.use(express.static(fileURLToPath(new URL('../../web-app/public', import.meta.url))))
app.use(openSession, express.urlencoded({ extended: false }), protectForms)
app.get('/', (req, res) => res.redirect(303, sessionOf(req).user ? '/orders' : '/sign-in'))
app.use(signInPages, ordersPage, devicesPage, integrationsPage)
app.use((_req, _res, next) => next(new Trouble('There is no such page.', 404)))

const answerError: ErrorRequestHandler = (error: Error & { readonly status?: number }, req, res, next) => {
  const { status = 500, message } = error
  if (status === 500 && !(error instanceof SignInNeeded)) console.error(error)
  const stale = 'This form was too old, or came from elsewhere. Nothing was done: please load the page again.'
  const other = new Trouble(status === 403 ? stale : 'Something went wrong here.', status)
  if (res.headersSent) next(error)
  else if (error instanceof SignInNeeded) res.redirect(303, `/sign-in?notice=${message}`)
  else {
    try {
      sendPage(req, res, 'Sorry', undefined, error instanceof Trouble ? error : other)
    } catch (thrown) {
      // Express would answer with the stack. There may be no session yet, which a page needs.
      console.error(thrown)
      res.status(status).type('text').send(other.message)
    }
  }
}
app.use(answerError)

const { host, webPort } = readSettings()
await listenAsChild(app, host, webPort, 'WEB_PORT')
