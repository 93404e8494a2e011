import express, { type Request, type Response, type Router } from 'express'
import { demoGuide } from './demo-guide.js'
import { markup } from './markup.js'
import { form, sendPage } from './page.js'
import { renewSession } from './session.js'
import { keepTokens, postForm, Trouble } from './shop-client.js'

/** The sign-in by password (RFC 6749 §4.3), and the sign-out (RFC 7009). */
export const signInPages: Router = express.Router()

signInPages.get('/sign-in', (req, res) => sendSignInForm(req, res))

signInPages.post('/sign-in', async (req, res) => {
  const { username = '', password = '' } = req.body as Record<string, string>
  const form = { grant_type: 'password', username, password, device_label: deviceLabel(req.get('User-Agent')) }
  const step = 'Exchanges the password for tokens, and forgets it (RFC 6749 §4.3.2)'
  const refused = 'Gets no tokens for the password (RFC 6749 §5.2)'
  // Before the exchange, which is kept under the session's id: an attacker who planted this session in the browser sees nothing of it.
  const session = renewSession(req)
  try {
    const answer = await postForm(req, 'token', { step, refused, form })
    // One response for all of these, so that an attacker does not learn who has an account.
    const wrong = 'The user name or the password is wrong, or the account is locked.'
    if (answer.status !== 200) throw new Trouble(wrong, 400)
    const { returnTo = '/orders' } = session
    session.returnTo = undefined
    await keepTokens(req, answer, { username, renewals: 0, renewedAt: 0 })
    res.redirect(303, returnTo)
  } catch (error) {
    if (!(error instanceof Trouble)) throw error
    await session.save()
    sendSignInForm(req, res, username, error)
  }
})

signInPages.post('/sign-out', async (req, res) => {
  const session = renewSession(req)
  const form = { token: session.user?.refreshToken ?? '', token_type_hint: 'refresh_token' }
  const step = 'Ends the sign-in with all its tokens (RFC 7009 §2.1)'
  const answer = await postForm(req, 'revoke', { step, form }).catch(() => undefined)
  // Also without a response, the tokens are gone from here.
  session.user = undefined
  await session.save()
  res.redirect(303, `/sign-in?notice=${answer ? 'signed-out' : 'signed-out-here'}`)
})

/** Sends the sign-in form. */
export function sendSignInForm(req: Request, res: Response, username = '', trouble?: Trouble): void {
  const described = trouble && markup` aria-describedby="trouble"`
  const focus = markup` autofocus`
  const fields = markup`<label for="username">User name</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" required${!username && focus}${described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${!!username && focus}${described}>
<button>Sign in</button><p>The password goes to the shop once, and is stored nowhere.</p>`
  sendPage(req, res, 'Sign in', form(req, '/sign-in', fields), { trouble, beside: demoGuide() })
}

/** What the user recognizes the browser by. */
function deviceLabel(userAgent = ''): string {
  const [browser = 'Browser'] = /Edg|Firefox|Chrome|Safari|curl/.exec(userAgent) ?? []
  const [system = 'unknown system'] = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(userAgent) ?? []
  return `${browser} on ${system}`
}
