import type { Request, Response } from 'express'
import { markup } from './markup.js'
import { form, pages, sendSorry } from './page.js'
import { beginSession, sessionOf } from './session.js'
import { Trouble } from './shop-client.js'
import { sendSignInForm } from './sign-in.js'

/** Says that a form was refused because of its token. If one of our own pages sent it, it can be sent again from here. */
export async function sendStaleForm(req: Request, res: Response): Promise<void> {
  // Forms of other sites get neither a session, which would replace the user's, nor a button that orders for them.
  const isOurs = req.get('Sec-Fetch-Site') === 'same-origin'
  const foreign = 'This form was too old, or came from another site. Nothing was done.'
  if (isOurs) await sendAgain(req, res)
  else sendSorry(req, res, new Trouble(foreign, 403))
}

async function sendAgain(req: Request, res: Response): Promise<void> {
  await beginSession(req)
  const trouble = new Trouble('This form was too old. Nothing was done: you can send it again.', 403)
  const fields = Object.entries(req.body as Record<string, string>).filter(([name]) => name !== 'csrf')
  const inputs = fields.map(([name, value]) => markup`<input type="hidden" name="${name}" value="${value}">`)
  if (!sessionOf(req).user || !pages.has(req.path)) sendSignInForm(req, res, new Map(fields).get('username'), trouble)
  else sendSorry(req, res, trouble, form(req, req.path, markup`${inputs}<button>Send it again</button>`))
}
