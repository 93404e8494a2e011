import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express from 'express'
import { afterAll, describe, expect, it } from 'vitest'
import { hasBrowser, useBrowser, visit } from '../fixtures/browser.js'

const site = join(import.meta.dirname, '../../docs/.vitepress/dist')
const isBuilt = existsSync(join(site, 'index.html'))
if (!isBuilt) {
  if (process.env['CI'] === 'true') throw new Error('The site of the docs is not built. Run `npm run docs` first.')
  console.warn('skipped: the site of the docs is not built. `npm run docs` builds it.')
}

describe.skipIf(!hasBrowser || !isBuilt)('the site that `npm run docs` builds', () => {
  useBrowser({ exampleApp: false })
  const server = createServer(express().use(express.static(site))).listen(0, '127.0.0.1')
  afterAll(() => void server.close())

  it('has a start page, a search, diagrams and the API, and asks no other server', async () => {
    const webUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { page } = await visit({ webUrl })
    const strangers: string[] = []
    page.on('request', (request) => {
      if (!/^(?:http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url())) strangers.push(request.url())
    })

    await page.goto('/')
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.getByRole('button', { name: 'Search' }).first().click()
    await page.getByRole('searchbox').fill('pruneRegularly')
    await page
      .getByRole('link', { name: /pruneRegularly/ })
      .first()
      .waitFor()
    await page.keyboard.press('Escape')

    await page.goto('/security.html')
    await page.locator('.diagram svg').first().waitFor()
    expect(await page.locator('.diagram svg').first().textContent()).not.toContain('Syntax error')

    await page.getByRole('link', { name: 'API', exact: true }).first().click()
    await page.getByRole('link', { name: 'createAuthorizationServer', exact: true }).first().click()
    await page.getByRole('heading', { level: 1, name: 'createAuthorizationServer' }).waitFor()
    expect(strangers).toEqual([])
  })
})
