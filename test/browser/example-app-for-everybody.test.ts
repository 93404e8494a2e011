import type { Locator } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  accessibilityFaults,
  ended,
  fillSignIn,
  follow,
  go,
  hasBrowser,
  notice,
  openShop,
  press,
  secretsOf,
  sidewaysScroll,
  signIn,
  useBrowser,
  userAgents,
  visit,
} from '../fixtures/browser.js'
import type { ExampleShop } from '../fixtures/example-shop.js'

describe.skipIf(!hasBrowser)('the web app of the example, for everybody', () => {
  useBrowser()
  let shop: ExampleShop
  beforeAll(async () => {
    // Access tokens that run out while one watches.
    shop = await openShop({ accessTokenSeconds: 3 })
  })

  it('works completely without JavaScript', async () => {
    const visitor = await signIn(shop, 'alice', { javaScriptEnabled: false })
    const { page } = visitor
    await page.getByLabel('Quantity').fill('1')
    await press(visitor, 'Order')
    expect(await notice(visitor)).toBe('Thank you! Your order is placed.')
    await page.waitForTimeout(3100)
    await go(visitor, 'Your devices')
    expect(await page.locator('#renewals').innerText()).toMatch(/^[1-9]$/)

    const other = await signIn(shop, 'alice', { javaScriptEnabled: false, userAgent: userAgents['Firefox on Windows'] })
    await go(visitor, 'Your devices')
    const device = page.getByRole('article').filter({ hasText: 'Firefox on Windows' })
    await follow(page, device.getByRole('button', { name: 'Sign out this device' }))
    expect(await notice(visitor)).toBe('That device has been signed out.')
    await go(other, 'Orders')
    expect(await notice(other)).toBe(ended)

    await go(visitor, 'Integrations')
    await press(visitor, 'Start stock-sync')
    const showNews = async (): Promise<string> => {
      await follow(page, page.getByRole('link', { name: 'Show what is new' }))
      return page.getByRole('main').innerText()
    }
    await expect.poll(showNews, { timeout: 20_000, interval: 300 }).toContain('GET /orders 403 insufficient_scope')
    await page.locator('summary', { hasText: 'GET /orders 403' }).first().click()
    expect(await page.getByRole('main').innerText()).toContain('error="insufficient_scope"')
    await press(visitor, 'Stop stock-sync')

    await press(visitor, 'Sign out')
    expect(await notice(visitor)).toBe('You are signed out.')
    await page.goto('/orders')
    expect(await notice(visitor)).toBe('Please sign in first.')
  })

  it('can be used by keyboard alone, and shows the focus', async () => {
    const { page } = await visit(shop)
    const focus = page.locator(':focus')
    /** Goes on to what has this name, and presses a key there. */
    async function tabTo(name: string, key = 'Enter'): Promise<void> {
      for (let times = 0; times < 60; times += 1) {
        await page.keyboard.press('Tab')
        const found = await page.evaluate<string | undefined>(`{
          const { id, innerText, labels } = document.activeElement
          labels?.[0]?.innerText || innerText }`)
        if (found?.trim() !== name) continue
        const outline = 'getComputedStyle(document.activeElement).outlineStyle'
        expect(await page.evaluate(outline), name).toBe('solid')
        return page.keyboard.press(key)
      }
      throw new Error(`no way to ${name}`)
    }
    const see = async (sign: Locator): Promise<void> => {
      await sign.waitFor()
      await page.waitForLoadState('load')
    }
    const arriveAt = (heading: string): Promise<void> => see(page.getByRole('heading', { level: 1, name: heading }))

    await page.goto('/sign-in')
    await tabTo('Skip to the content')
    expect(await focus.getAttribute('id')).toBe('main')
    await tabTo('User name', 'a')
    await page.keyboard.type('lice')
    await tabTo('Password', 'Home')
    await page.keyboard.type(secretsOf(shop).users['alice']!)
    await tabTo('Sign in')
    await arriveAt('Orders')

    await tabTo('Article', 't')
    await tabTo('Quantity', 'Enter')
    await see(page.getByText('Thank you! Your order is placed.'))
    expect(await page.getByRole('row').last().innerText()).toMatch(/\tteapot\t1$/)

    await tabTo('POST /oauth/token 200')
    expect(await page.locator('[open]').innerText()).toContain('grant_type=')
    await tabTo('Your devices')
    await arriveAt('Your devices')
    await tabTo('Integrations')
    await arriveAt('Integrations')
    await tabTo('Start stock-sync')
    await see(page.getByRole('button', { name: 'Stop stock-sync' }))
    await tabTo('Stop stock-sync')
    await see(page.getByRole('button', { name: 'Start stock-sync' }))
    await tabTo('Sign out')
    await page.getByText('You are signed out.').waitFor()
  })

  it('has no serious accessibility fault on any page, in light and dark mode, and fits into 360 pixels', async () => {
    const visitor = await visit(shop)
    const { page } = visitor
    const faults: string[] = []
    async function look(state: string): Promise<void> {
      await page.setViewportSize({ width: 1200, height: 720 })
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        faults.push(...(await accessibilityFaults(page)).map((fault) => `${state}, ${colorScheme}: ${fault}`))
      }
      await page.setViewportSize({ width: 360, height: 720 })
      if ((await sidewaysScroll(page)) > 0) faults.push(`${state}: is wider than 360 pixels`)
    }

    await page.goto('/sign-in?notice=ended')
    await look('the sign-in')
    await fillSignIn(page, 'somebody', 'wrong')
    await look('a wrong password')
    await page.goto('/nothing')
    await look('no page')
    await fillSignIn(page, 'alice', secretsOf(shop).users['alice']!)
    await press(visitor, 'Order')
    for (const summary of await page.locator('summary').all()) await summary.click()
    await look('the orders, with all requests')
    await signIn(shop, 'alice', { userAgent: userAgents['Firefox on Windows'] })
    await go(visitor, 'Your devices')
    await look('the devices')
    await go(visitor, 'Integrations')
    await press(visitor, 'Start stock-sync')
    await page.getByRole('main').getByText('GET /warehouse').first().waitFor()
    for (const summary of await page.getByRole('main').locator('summary').all()) await summary.click()
    await look('the integrations, with all requests')
    await press(visitor, 'Stop stock-sync')
    expect(faults).toEqual([])
  })

  it('follows the dark mode of the system', async () => {
    const { page } = await visit(shop)
    await page.goto('/sign-in?notice=needed')
    const colours = async (colorScheme: 'light' | 'dark'): Promise<Record<string, number>> => {
      await page.emulateMedia({ colorScheme })
      return page.evaluate(`
        const style = (selector) => getComputedStyle(document.querySelector(selector))
        const light = (colour) => colour.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3
        const { backgroundColor, color } = style(':root')
        Object.fromEntries(Object.entries({
          page: backgroundColor, text: color, card: style('main').backgroundColor, button: style('main button').backgroundColor,
          label: style('main button').color, field: style('#username').backgroundColor, typed: style('#username').color,
        }).map(([name, colour]) => [name, light(colour)]))`)
    }
    const [light, dark] = [await colours('light'), await colours('dark')]
    for (const name of ['page', 'card', 'field', 'label']) {
      expect(light[name], name).toBeGreaterThan(200)
      expect(dark[name], name).toBeLessThan(60)
    }
    for (const name of ['text', 'typed', 'button']) expect(dark[name], name).toBeGreaterThan(light[name]! + 60)
  })
})
