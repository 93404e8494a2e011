import type { Request, Response } from 'express'
import { exchangesPanel } from './exchanges.js'
import { markup, type Markup, type Part } from './markup.js'
import { sessionOf, type SignedInUser } from './session.js'
import type { Trouble } from './shop-client.js'

/** What is said once, after a form was sent; the address has the name of it. */
const notices: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ordered: 'Thank you! Your order is placed.',
    'not-ordered': 'Nothing was ordered: there are not so many left.',
    'ended-there': 'Signed out there.',
    'signed-out': 'You are signed out.',
    'signed-out-here':
      'You are signed out of this browser. The shop could not be told: it may still list it as a device.',
    needed: 'Please sign in first.',
    ended: 'Your sign-in has ended: it ran out, or was ended from another device. Please sign in again.',
  }),
)

/** Sends a page; with trouble, its status and its words. */
export function sendPage(req: Request, res: Response, title: string, main: Part, trouble?: Trouble): void {
  const { user, id } = sessionOf(req)
  // Nothing here may throw for what an address holds: the page that tells of an error is one, too.
  const notice = notices.get(new URLSearchParams(req.url.split('?')[1]).get('notice') ?? '')
  const page = markup`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Mug &amp; Teapot</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
<script src="/live.js" type="module"></script>
<a class="skip" href="#main">Skip to the content</a>
<header><b><img src="/icon.svg" alt="" width="20" height="20"> Mug &amp; Teapot</b>
${user && navigation(req, user)}</header>
<main id="main" tabindex="-1"><h1>${title}</h1>
<div role="status">${notice && markup`<p class="notice">${notice}</p>`}</div>
${trouble && troubleText(trouble)}${main}</main>
${exchangesPanel(id)}
</html>`
  res.set('Cache-Control', 'no-store')
  if (trouble?.wait) res.set('Retry-After', String(trouble.wait))
  res.status(trouble?.status ?? 200).send(page.text)
}

/** A form that posts; each has the token of the session. */
export function form(req: Request, action: string, content: Markup): Markup {
  const token = markup`<input type="hidden" name="csrf" value="${sessionOf(req).csrfToken}">`
  return markup`<form method="post" action="${action}">${token}${content}</form>`
}

function navigation(req: Request, { username, expiresAt, renewals, renewedAt }: SignedInUser): Markup {
  const pages = { '/orders': 'Orders', '/devices': 'Your devices', '/integrations': 'Integrations' }
  const links = Object.entries(pages).map(([path, name]) => {
    const current = req.path === path && markup` aria-current="page"`
    return markup`<a href="${path}"${current}>${name}</a>`
  })
  const left = Math.max(0, Math.ceil((expiresAt - Date.now()) / 1000))
  const isNew = Date.now() - renewedAt < 3000
  return markup`<nav aria-label="Pages">${links}</nav>
${form(req, '/sign-out', markup`${username} <button>Sign out</button>`)}
<p class="token" data-live="token">The access token is good for <b data-countdown>${left}</b> s, then it is renewed without the
password. Renewed so far: <b id="renewals">${renewals}</b>. ${isNew && markup`<b class="good">Just now.</b>`}</p>`
}

function troubleText({ message, wait }: Trouble): Markup {
  const again = markup` Please try again in <b data-countdown>${wait}</b> s.`
  return markup`<p class="trouble" role="alert" id="trouble">${message}${wait > 0 && again}</p>`
}
