import { beforeAll, describe, expect, it } from 'vitest'
import {
  ended,
  follow,
  go,
  hasBrowser,
  notice,
  openShop,
  press,
  secretsOf,
  signIn,
  tokensOf,
  useBrowser,
  userAgents,
} from '../fixtures/browser.js'
import type { ExampleShop } from '../fixtures/example-shop.js'

describe.skipIf(!hasBrowser)('the pages of the example, in a browser', () => {
  useBrowser()
  let shop: ExampleShop
  beforeAll(async () => {
    // Access tokens that run out while one watches.
    shop = await openShop({ accessTokenSeconds: 3 })
  })

  it('refresh an expired access token without asking for the password', async () => {
    const visitor = await signIn(shop)
    const { page } = visitor
    const before = await tokensOf(shop, visitor)
    const renewals = async (): Promise<number> => Number(await page.locator('#renewals').innerText())
    const earlier = await renewals()
    // The page counts it down by itself.
    const left = (): Promise<string> => page.locator('.token [data-countdown]').innerText()
    expect(Number(await left())).toBeLessThanOrEqual(3)
    await expect.poll(left, { timeout: 10_000 }).toBe('0')
    await page.waitForTimeout(500)

    await go(visitor, 'Orders')
    expect(await renewals()).toBeGreaterThan(earlier)
    expect(await page.locator('.token').innerText()).toContain('Just now.')
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Orders')
    expect(await page.getByRole('complementary').innerText()).toContain(
      'Renews the access token, without the password (RFC 6749 §6)',
    )
    const after = await tokensOf(shop, visitor)
    expect(after.accessToken).not.toBe(before.accessToken)
    expect(after.refreshToken).not.toBe(before.refreshToken)
  })

  describe('the devices page', () => {
    it('signs one device out, then all others, and each of them notices', async () => {
      const [here, desk, phone] = [
        await signIn(shop, 'alice'),
        await signIn(shop, 'alice', { userAgent: userAgents['Firefox on Windows'] }),
        await signIn(shop, 'alice', { userAgent: userAgents['Safari on iPhone'] }),
      ]
      await phone.page.goto('/integrations')
      await go(here, 'Your devices')
      const devices = here.page.getByRole('main').getByRole('article')
      const named = (label: string): typeof devices => devices.filter({ hasText: label })
      expect(await devices.filter({ hasText: 'This one' }).count()).toBe(1)
      expect(await devices.filter({ hasText: 'This one' }).getByRole('heading').innerText()).toBe('Chrome on Linux')
      expect(await named('Safari on iPhone').count()).toBe(1)

      await follow(here.page, named('Firefox on Windows').getByRole('button', { name: 'Sign out this device' }))
      expect(await notice(here)).toBe('That device has been signed out.')
      expect(await named('Firefox on Windows').count()).toBe(0)
      await go(desk, 'Your devices')
      expect(await notice(desk)).toBe(ended)

      await press(here, 'Sign out all others')
      expect(await devices.count()).toBe(1)
      expect(await here.page.getByRole('button', { name: 'Sign out all others' }).count()).toBe(0)
      // This one had asked by itself what is new.
      await phone.page.waitForURL('**/sign-in?notice=ended')
      expect(await notice(phone)).toBe(ended)
      await go(here, 'Orders')
      expect(await here.page.getByRole('heading', { level: 1 }).innerText()).toBe('Orders')
    })
  })

  describe('the integrations page', () => {
    it('starts the service, shows live what it does and what it is refused, and stops it', async () => {
      const visitor = await signIn(shop)
      const { page } = visitor
      await go(visitor, 'Integrations')
      const state = page.locator('[data-live=service]')
      expect(await state.innerText()).toMatch(/^stock-sync is stopped\./)
      await press(visitor, 'Start stock-sync')
      await expect.poll(() => state.innerText(), { timeout: 20_000 }).toContain('Shows a JWT to another API')
      expect(await state.innerText()).toMatch(/^stock-sync is running\./)

      // What changes from here on does so without loading the page.
      await page.evaluate('globalThis.isStillHere = true')
      const mugs = async (): Promise<number> => Number(await page.locator('#stock-mug').innerText())
      await expect.poll(mugs).toBeGreaterThanOrEqual(40)
      const before = await mugs()
      await expect.poll(mugs, { timeout: 20_000 }).toBeGreaterThan(before)
      expect(await page.evaluate('globalThis.isStillHere')).toBe(true)

      const refused = state.getByRole('article').filter({ hasText: 'Asks for the orders of users' }).first()
      expect(await refused.locator('summary').innerText()).toBe('GET /orders 403 insufficient_scope')
      // A click is lost when the list is renewed between its two halves.
      await expect
        .poll(async () => {
          const isOpen = (await refused.locator('details[open]').count()) > 0
          if (!isOpen) await refused.locator('summary').click()
          return isOpen
        })
        .toBe(true)
      expect(await refused.getByLabel('Answer').innerText()).toContain('error="insufficient_scope"')
      // What is read does not change meanwhile.
      const read = await state.innerText()
      await page.waitForTimeout(2500)
      expect(await state.innerText()).toBe(read)

      await press(visitor, 'Stop stock-sync')
      await expect.poll(() => state.innerText()).toMatch(/^stock-sync is stopped\./)
    })
  })

  describe('the panel', () => {
    it('shows each request with its RFC section and without secrets', async () => {
      const visitor = await signIn(shop)
      const { page } = visitor
      const tokens = [await tokensOf(shop, visitor)]
      await page.waitForTimeout(3100)
      await go(visitor, 'Your devices')
      tokens.push(await tokensOf(shop, visitor))

      const panel = page.getByRole('complementary', { name: 'What just happened' })
      for (const summary of await panel.locator('summary').all()) await summary.click()
      const text = await panel.innerText()
      expect(text).toContain('Exchanges the password for tokens, and forgets it (RFC 6749 §4.3.2)')
      expect(text).toContain('username=alice&password=••••••')
      expect(text).toContain('authorization: Basic ••••••')
      expect(text).toContain(`authorization: Bearer ${tokens[0]!.accessToken.slice(0, 6)}…`)
      expect(text).toContain(`refresh_token=${tokens[0]!.refreshToken.slice(0, 6)}…`)

      const { clients, users, signingKeyPassphrase, cookiePassword } = secretsOf(shop)
      const secrets = [...Object.values(clients), ...Object.values(users), signingKeyPassphrase, cookiePassword]
      const used = tokens.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken])
      expect(new Set(used).size).toBe(4)
      const source = await page.content()
      for (const secret of [...secrets, ...used]) {
        for (const form of [secret, encodeURIComponent(secret), btoa(`shop-app:${secret}`)]) {
          expect(text).not.toContain(form)
          expect(source).not.toContain(form)
        }
      }
    })

    it('is not there in production', async () => {
      const baseURL = await shop.startWebApp({ NODE_ENV: 'production' })
      const { page } = await signIn(shop, 'alice', { baseURL })
      for (const path of ['/orders', '/devices', '/integrations']) {
        await page.goto(path)
        expect(await page.getByRole('main').count()).toBe(1)
        expect(await page.getByRole('complementary').count()).toBe(0)
        // One column is as wide as the page.
        const gap = 'document.querySelector("header").clientWidth - document.querySelector("main").offsetWidth'
        expect(await page.evaluate(gap), path).toBe(0)
      }
    })
  })
})
