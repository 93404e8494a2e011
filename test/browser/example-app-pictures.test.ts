import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser, openShop, press, signIn, useBrowser, userAgents, visit } from '../fixtures/browser.js'
import type { ExampleShop } from '../fixtures/example-shop.js'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'docs/images')
const styles = readFileSync(join(root, 'example-app/web-app/public/style.css'))

/** What differs from run to run, and what stands in its place, so that the same pages make the same pictures. */
const steady = `
  for (const left of document.querySelectorAll('[data-countdown]')) {
    left.removeAttribute('data-countdown')
    left.textContent = 52
  }
  for (const password of document.querySelectorAll('.guide code')) password.textContent = 'Vq-di3idvJGM'
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const text = texts.currentNode
    text.data = text.data
      .replace(/\\d+ \\w+ \\d{4} at \\d\\d:\\d\\d/g, '2 March 2026 at 09:30')
      .replace(/\\d\\d:\\d\\d:\\d\\d/g, '09:30:00')
      .replace(/^1 minute ago$/, 'just now')
      .replace(/(Bearer |access_token": ")[\\w.-]{6}…/g, '$1cVTdSM…')
      .replace(/(refresh_token": ")[\\w.-]{6}…/g, '$1Q8wBZB…')
      .replace(/127\\.0\\.0\\.1(:|%3A)\\d+/g, (_, colon) => '127.0.0.1' + colon + '3000')
      .replace(/("expires_in": )\\d+/g, '$160')
  }`

/**
 * Compares a page with the text beside its picture in docs/images, and makes both when there is no picture, or
 * `UPDATE_SCREENSHOTS` is set.
 */
async function takePicture(page: Page, name: string, { fullPage = true } = {}): Promise<void> {
  await page.evaluate(steady)
  const style = createHash('sha256').update(styles).digest('base64url').slice(0, 12)
  const seen = `${await page.locator('body').innerText()}\n\nstyle.css: ${style}\n`.replaceAll(/[^\S\n]+$/gm, '')
  const picture = join(folder, `example-${name}.png`)
  const text = join(folder, `example-${name}.txt`)
  if (process.env['UPDATE_SCREENSHOTS'] !== undefined || !existsSync(picture)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(text, seen)
    await page.screenshot({ path: picture, fullPage, animations: 'disabled' })
  }
  expect(seen, 'The picture is of an older page: make new ones with "npm run screenshots", and look at them').toBe(
    readFileSync(text, 'utf8'),
  )
}

const large = { viewport: { width: 1120, height: 600 } }

describe.skipIf(!hasBrowser)('the pictures of the example in the README show', () => {
  useBrowser()
  let shop: ExampleShop
  beforeAll(async () => {
    shop = await openShop({ accessTokenSeconds: 60 })
  })

  it('the sign-in, after a wrong password', async () => {
    const visitor = await visit(shop, large)
    const { page } = visitor
    await page.goto('/sign-in')
    await page.getByLabel('User name').fill('alice')
    await page.getByLabel('Password').fill('a guess')
    await press(visitor, 'Sign in')
    await page.getByRole('alert').waitFor()
    await takePicture(page, 'sign-in')
  })

  it('the orders, and what just happened', async () => {
    const { page } = await signIn(shop, 'alice', large)
    await page.getByRole('complementary').locator('summary', { hasText: 'POST /oauth/token' }).click()
    await takePicture(page, 'orders')
  })

  it('the devices, on a small screen in the dark', async () => {
    // The last one used comes first, and times are in seconds.
    const here = await signIn(shop, 'bob', { userAgent: userAgents['Firefox on Windows'] })
    await here.page.waitForTimeout(1100)
    const { page } = await signIn(shop, 'bob', {
      userAgent: userAgents['Safari on iPhone'],
      viewport: { width: 360, height: 900 },
      colorScheme: 'dark',
    })
    await page.goto('/devices')
    await takePicture(page, 'devices', { fullPage: false })
  })

  it('a service at work', async () => {
    const baseURL = await shop.startWebApp({})
    const visitor = await signIn(shop, 'alice', { ...large, baseURL })
    const { page } = visitor
    await page.goto('/integrations')
    await press(visitor, 'Start stock-sync')
    const made = page.locator('[data-live=service] article')
    await expect.poll(() => page.reload().then(() => made.count()), { timeout: 20_000 }).toBe(5)
    await made.locator('summary', { hasText: 'GET /orders' }).click()
    await takePicture(page, 'integrations')
    await press(visitor, 'Stop stock-sync')
  })
})
