import type { Request, Response } from 'express'
import { exchangesPanel } from './exchanges.js'
import { readSettings } from '../settings.js'
import { markup, type Markup, type Part } from './markup.js'
import { sessionOf, type SignedInUser } from './session.js'
import type { Trouble } from './shop-client.js'

/** The pages of users who are signed in. */
export const pages: ReadonlyMap<string, string> = new Map(
  Object.entries({ '/orders': 'Orders', '/devices': 'Your devices', '/integrations': 'Integrations' }),
)

const { isProduction } = readSettings()

/** What a page says once, after a form was sent; the address has its name. */
const notices: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ordered: 'Thank you! Your order is placed.',
    'ended-there': 'That device has been signed out.',
    'ended-others': 'All other devices have been signed out.',
    'signed-out': 'You are signed out.',
    'signed-out-here':
      'You are signed out of this browser. The shop could not be told: it may still list it as a device.',
    needed: 'Please sign in first.',
    ended: 'Your sign-in has ended: it ran out, or was ended from another device. Please sign in again.',
  }),
)

/** The same for what did not work. */
const failures: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'not-ordered': 'Not ordered: we do not have that many in stock.',
    'no-order': 'Not ordered: please choose an article, and a whole number from 1.',
  }),
)

/** What a page may have besides its main part. */
interface PageExtras {
  /** Sets the status, and is explained. */
  readonly trouble?: Trouble | undefined
  readonly beside?: Markup | undefined
}

/** Sends a page. */
export function sendPage(req: Request, res: Response, title: string, main: Part, extras: PageExtras = {}): void {
  const { trouble, beside } = extras
  const { user, id } = sessionOf(req)
  // Nothing here may throw for what an address holds: the page that reports an error is one, too.
  const name = new URLSearchParams(req.url.split('?')[1]).get('notice') ?? ''
  const notice = notices.get(name)
  const failure = failures.get(name)
  const page = markup`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Mug &amp; Teapot</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
<script src="/live.js" type="module"></script>
<a class="skip" href="#main">Skip to the content</a>
<header><a class="brand" href="/"><img src="/icon.svg" alt="" width="20" height="20">Mug &amp; Teapot</a>
${user && navigation(req, user)}</header>
<main id="main" tabindex="-1"><h1>${title}</h1>
<div role="status">${notice && markup`<p class="notice">${notice}</p>`}</div>
${failure && markup`<p class="trouble" role="alert">${failure}</p>`}
${trouble && troubleText(trouble)}${main}</main>
${beside}${exchangesPanel(id)}
</html>`
  res.set('Cache-Control', 'no-store')
  if (trouble?.wait) res.set('Retry-After', String(trouble.wait))
  res.status(trouble?.status ?? 200).send(page.text)
}

/** Sends a page that explains what went wrong, and has a link to go on from. */
export function sendSorry(req: Request, res: Response, trouble: Trouble, content?: Markup): void {
  const path = pages.has(req.path) ? req.path : '/'
  const name = pages.get(path) ?? (sessionOf(req).user ? 'your orders' : 'the sign-in')
  sendPage(req, res, 'Sorry', markup`${content}<p><a href="${path}">Go to ${name}</a></p>`, { trouble })
}

/** A form that posts; each has the token of the session. */
export function form(req: Request, action: string, content: Markup): Markup {
  const token = markup`<input type="hidden" name="csrf" value="${sessionOf(req).csrfToken}">`
  return markup`<form method="post" action="${action}">${token}${content}</form>`
}

function navigation(req: Request, { username, expiresAt, renewals, renewedAt }: SignedInUser): Markup {
  const links = [...pages].map(([path, name]) => {
    const current = req.path === path && markup` aria-current="page"`
    return markup`<a href="${path}"${current}>${name}</a>`
  })
  const left = Math.max(0, Math.ceil((expiresAt - Date.now()) / 1000))
  const isNew = Date.now() - renewedAt < 3000
  const token = markup`<p class="token" data-live="token">The access token is good for <b data-countdown>${left}</b> s, then it is renewed without the
password. Renewed so far: <b id="renewals">${renewals}</b>. ${isNew && markup`<b class="good">Just now.</b>`}</p>`
  return markup`<nav aria-label="Pages">${links}</nav>
${form(req, '/sign-out', markup`${username} <button>Sign out</button>`)}
${!isProduction && token}`
}

function troubleText({ message, wait }: Trouble): Markup {
  const again = markup` Please try again in <b data-countdown>${wait}</b> s.`
  const ends = markup` data-ends="You can try again now."`
  return markup`<p class="trouble" role="alert" id="trouble"${wait > 0 && ends}>${message}${wait > 0 && again}</p>`
}
