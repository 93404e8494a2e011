import express, { type Router } from 'express'
import type { ListedAuthorization } from 'latchkey'
import { markup, type Markup } from './markup.js'
import { form, sendPage } from './page.js'
import { callShop } from './shop-client.js'

/** The user's signed-in devices; each can be signed out from here. */
export const devicesPage: Router = express.Router()

devicesPage.get('/devices', async (req, res) => {
  const { body } = await callShop(req, '/devices')
  const { devices, thisOne } = body as { devices: ListedAuthorization[]; thisOne: string }
  const items = devices.map(({ authorizationId, deviceLabel = 'Unknown device', createdAt, lastUsedAt }) => {
    const button = markup`<button name="id" value="${authorizationId}">Sign out this device</button>`
    const end = authorizationId === thisOne ? markup`<b class="good">This one</b>` : form(req, '/devices', button)
    return markup`<article><h2>${deviceLabel}</h2><p>Since ${time(createdAt)}, last used ${time(lastUsedAt)}.</p>${end}</article>`
  })
  const others = form(req, '/devices', markup`<button>Sign out all others</button>`)
  const main = markup`${items}${devices.length > 1 && others}
<p>A device that is signed out notices at its next step.</p>`
  sendPage(req, res, 'Your devices', main)
})

devicesPage.post('/devices', async (req, res) => {
  const { id = '' } = req.body as Record<string, string>
  await callShop(req, `/devices/${encodeURIComponent(id)}`, { method: 'DELETE' })
  res.redirect(303, '/devices?notice=ended-there')
})

function time(seconds: number): Markup {
  const text = new Date(seconds * 1000).toISOString().slice(0, 19)
  return markup`<time datetime="${text}Z">${text.replace('T', ' ')} UTC</time>`
}
