import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  fillSignIn,
  hasBrowser,
  notice,
  openShop,
  press,
  secretsOf,
  signIn,
  takeComplaints,
  tokensOf,
  trouble,
  useBrowser,
  visit,
} from '../fixtures/browser.js'
import type { ExampleShop } from '../fixtures/example-shop.js'

const wrong = 'The user name or the password is wrong, or the account is locked.'

describe.skipIf(!hasBrowser)('the web app of the example, in a browser', () => {
  useBrowser()
  let shop: ExampleShop
  beforeAll(async () => {
    shop = await openShop()
  })

  describe('the sign-in', () => {
    it('comes first and leads to the orders page, which takes new orders', async () => {
      const visitor = await visit(shop)
      const { page } = visitor
      await page.goto('/orders')
      expect(await notice(visitor)).toBe('Please sign in first.')
      await page.getByLabel('User name').fill('alice')
      await page.getByLabel('Password').fill(secretsOf(shop).users['alice']!)
      await press(visitor, 'Sign in')

      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Orders')
      const rows = page.getByRole('table').locator('tbody').getByRole('row')
      expect(await rows.allInnerTexts()).toEqual(['1\tmug\t2', '2\tteapot\t1'])

      await page.getByLabel('Article').selectOption('teapot')
      await page.getByLabel('Quantity').fill('2')
      await press(visitor, 'Order')
      expect(await notice(visitor)).toBe('Thank you! Your order is placed.')
      expect(await rows.last().innerText()).toMatch(/^\d+\tteapot\t2$/)

      await page.getByLabel('Quantity').fill('100')
      await press(visitor, 'Order')
      expect(await trouble(visitor)).toBe('Not ordered: we do not have that many in stock.')
      expect(await rows.count()).toBe(3)
    })

    it('is refused for a locked account in the words for a wrong password', async () => {
      const visitor = await visit(shop)
      for (const password of ['wrong', secretsOf(shop).users['carol']!]) {
        await fillSignIn(visitor.page, 'carol', password)
        expect(await trouble(visitor)).toBe(wrong)
        expect(await visitor.page.getByLabel('Password').inputValue()).toBe('')
      }
    })

    it('is throttled after five wrong passwords, counts the seconds down, and then works again', async () => {
      const visitor = await visit(shop)
      const { page } = visitor
      for (let times = 0; times < 5; times += 1) {
        await fillSignIn(page, 'bob', 'wrong')
        expect(await trouble(visitor)).toBe(wrong)
      }
      await fillSignIn(page, 'bob', secretsOf(shop).users['bob']!)
      expect(await trouble(visitor)).toMatch(
        /^There were too many failed attempts\. Please try again in ([1-9]|10) s\.$/,
      )
      const colour = (): Promise<string> =>
        page.evaluate("getComputedStyle(document.querySelector('[role=alert]')).color")
      const red = await colour()
      await expect.poll(() => trouble(visitor), { timeout: 20_000 }).toBe('You can try again now.')
      expect(await colour()).not.toBe(red)
      await fillSignIn(page, 'bob', secretsOf(shop).users['bob']!)
      expect(page.url()).toBe(`${shop.webUrl}/orders`)
    })

    it('survives an outage of the shop', async () => {
      const visitor = await signIn(shop)
      const { page } = visitor
      // Nobody listens at this port.
      const lonely = await shop.startWebApp({ PORT: '1' })
      const away = 'The shop cannot be reached at the moment. Nothing is lost: please try again soon.'
      await page.goto(`${lonely}/orders`)
      expect(await trouble(visitor)).toBe(away)
      await page.goto('/orders')
      expect(await page.getByRole('row').count()).toBeGreaterThan(2)

      const stranger = await visit(shop, { baseURL: lonely })
      await fillSignIn(stranger.page, 'alice', 'whatever')
      expect(await trouble(stranger)).toBe(away)
    })
  })

  describe('the sign-out', () => {
    it('ends the sign-in: its tokens are refused, and the way back leads to the sign-in', async () => {
      const visitor = await signIn(shop)
      const { page } = visitor
      const { accessToken, refreshToken } = await tokensOf(shop, visitor)
      const callApi = (): Promise<Response> =>
        fetch(`${shop.url}/orders`, { headers: { authorization: `Bearer ${accessToken}` } })
      expect((await callApi()).status).toBe(200)

      await press(visitor, 'Sign out')
      expect(await notice(visitor)).toBe('You are signed out.')
      const refused = await callApi()
      expect(refused.status).toBe(401)
      expect(refused.headers.get('WWW-Authenticate')).toContain('error="invalid_token"')
      const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
      const authorization = `Basic ${btoa(`shop-app:${secretsOf(shop).clients['shop-app']!}`)}`
      const spent = await fetch(`${shop.url}/oauth/token`, { method: 'POST', headers: { authorization }, body: form })
      expect(await spent.json()).toMatchObject({ error: 'invalid_grant' })

      await page.goBack()
      expect(await notice(visitor)).toBe('Please sign in first.')
    })
  })

  describe('other sites', () => {
    /** A page of another origin, whose button posts an order to the shop, and which has the shop in a frame. */
    let strange: Server
    let port: number
    beforeAll(async () => {
      const order = `<form method="post" action="${shop.webUrl}/orders"><input name="sku" value="teapot"><input name="quantity" value="1">`
      strange = createServer((_req, res) => {
        res.setHeader('Content-Type', 'text/html')
        res.end(
          `<!doctype html>${order}<button>Win a teapot</button></form><iframe src="${shop.webUrl}/orders"></iframe>`,
        )
      })
      await once(strange.listen(0, '127.0.0.1'), 'listening')
      port = (strange.address() as AddressInfo).port
    })
    afterAll(() => void strange.close())

    // Another port is another origin of the same site, to which cookies are sent; another name is another site.
    it.each(['127.0.0.1', 'localhost'])('cannot order for users or sign them out: %s', async (name) => {
      const visitor = await signIn(shop)
      const { page } = visitor
      const rows = await page.getByRole('row').allInnerTexts()
      await page.goto(`http://${name}:${port}`)
      await press(visitor, 'Win a teapot')
      expect(page.url()).toBe(`${shop.webUrl}/orders`)
      expect(await trouble(visitor)).toBe('This form was too old, or came from another site. Nothing was done.')
      await page.goto('/orders')
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Orders')
      expect(await page.getByRole('row').allInnerTexts()).toEqual(rows)
      expect(takeComplaints()).toEqual([expect.stringContaining('frame-ancestors')])
    })
  })

  it('sends the headers of helmet, so that the browser runs nothing inline', async () => {
    const { page } = await visit(shop)
    const headers = (await page.goto('/sign-in'))!.headers()
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'cache-control': 'no-store',
    })
    await page.evaluate(`
      const script = document.createElement('script')
      script.textContent = 'globalThis.isTaken = true'
      document.body.append(script)`)
    expect(await page.evaluate('globalThis.isTaken')).toBeUndefined()
    expect(takeComplaints()).toEqual([expect.stringContaining('Content Security Policy')])
    expect(await page.evaluate('document.cookie')).toBe('')
  })
})
