import express, { type Router } from 'express'
import type { ListedAuthorization } from 'latchkey'
import { markup } from './markup.js'
import { form, sendPage } from './page.js'
import { callShop } from './shop-client.js'
import { dateAndTime, timeAgo } from './times.js'

/** The user's signed-in devices; each can be signed out from here. */
export const devicesPage: Router = express.Router()

devicesPage.get('/devices', async (req, res) => {
  const { body } = await callShop(req, 'Lists the devices', '/devices')
  const { devices, thisOne } = body as { devices: ListedAuthorization[]; thisOne: string }
  const items = devices.map(({ authorizationId, deviceLabel = 'Unknown device', createdAt, lastUsedAt }) => {
    const button = markup`<button name="id" value="${authorizationId}">Sign out this device</button>`
    const end = authorizationId === thisOne ? markup`<b class="good">This one</b>` : form(req, '/devices', button)
    const times = markup`Signed in on ${dateAndTime(createdAt * 1000)}, last used ${timeAgo(lastUsedAt * 1000)}.`
    return markup`<article><h2>${deviceLabel}</h2><p>${times}</p>${end}</article>`
  })
  const others = form(req, '/devices', markup`<button>Sign out all others</button>`)
  const main = markup`${items}${devices.length > 1 && others}
<p>A device that is signed out notices with its next request.</p>`
  sendPage(req, res, 'Your devices', main)
})

devicesPage.post('/devices', async (req, res) => {
  const { id } = req.body as Record<string, string>
  const step = id ? 'Signs out a device' : 'Signs out all other devices'
  await callShop(req, step, `/devices/${encodeURIComponent(id ?? '')}`, { method: 'DELETE' })
  res.redirect(303, `/devices?notice=${id ? 'ended-there' : 'ended-others'}`)
})
