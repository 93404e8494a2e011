// The shop's own web app: a client of the shop, in a process of its own. It has no database, only its client secret.
import { fileURLToPath } from 'node:url'
import express, { type ErrorRequestHandler, type Request, type Response } from 'express'
import helmet from 'helmet'
import { listenAsChild } from '../processes.js'
import { readSettings } from '../settings.js'
import { devicesPage } from './devices-page.js'
import { integrationsPage } from './integrations-page.js'
import { ordersPage } from './orders-page.js'
import { pages, sendSorry } from './page.js'
import { openSession, protectForms, sessionOf } from './session.js'
import { SignInNeeded, Trouble } from './shop-client.js'
import { signInPages } from './sign-in.js'
import { sendStaleForm } from './stale-form.js'

/** What the errors of Express and of its middlewares have. */
interface HttpError {
  readonly status: number
  readonly code: string
}

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

const answerError: ErrorRequestHandler = async (error: Error & Partial<HttpError>, req, res, next) => {
  const { status = 500, code, message } = error
  try {
    if (status === 500 && !(error instanceof SignInNeeded)) console.error(error)
    if (res.headersSent) next(error)
    else if (error instanceof SignInNeeded) await askForSignIn(req, res, message)
    else if (code === 'EBADCSRFTOKEN') await sendStaleForm(req, res)
    else sendSorry(req, res, error instanceof Trouble ? error : new Trouble('Something went wrong here.', status))
  } catch (thrown) {
    // Express would respond with the stack. There may be no session yet, which a page needs.
    console.error(thrown)
    res
      .status(status)
      .send('<!doctype html><title>Sorry</title>Something went wrong here. <a href="/">Go to the start</a>')
  }
}

/** Redirects to the sign-in, which leads back to this page. */
async function askForSignIn(req: Request, res: Response, notice: string): Promise<void> {
  const session = sessionOf(req)
  session.returnTo = pages.has(req.path) ? req.path : undefined
  await session.save()
  res.redirect(303, `/sign-in?notice=${notice}`)
}
app.use(answerError)

const { host, webPort } = readSettings()
await listenAsChild(app, host, webPort, 'WEB_PORT')
