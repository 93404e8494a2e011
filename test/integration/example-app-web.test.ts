import { setTimeout as sleep } from 'node:timers/promises'
import { unsealData } from 'iron-session'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildExampleApp, ExampleShop, type ExampleShopOptions } from '../fixtures/example-shop.js'
import { basic } from '../fixtures/test-server.js'

interface Secrets {
  readonly clients: Readonly<Record<string, string>>
  readonly users: Readonly<Record<string, string>>
  readonly cookiePassword: string
}

interface SessionTokens {
  readonly accessToken: string
  readonly refreshToken: string
}

let shop: ExampleShop
let secrets: Secrets
const shops: ExampleShop[] = []

beforeAll(async () => {
  buildExampleApp()
  shop = await makeShop()
  secrets = JSON.parse(shop.read('demo-secrets.json'))
})

afterAll(async () => {
  await Promise.all(shops.map((made) => made.remove()))
})

async function makeShop(options?: ExampleShopOptions): Promise<ExampleShop> {
  const made = await ExampleShop.make(options)
  shops.push(made)
  await made.start()
  return made
}

interface Page {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where it leads, when it is a redirection. */
  readonly location: string | null
}

/** A browser without JavaScript: keeps its cookie, follows nothing by itself, and sends the forms that it was shown. */
class Browser {
  readonly #url: string
  readonly #password: string
  cookie = ''
  csrf = ''

  constructor(url = shop.webUrl, password = secrets.cookiePassword) {
    this.#url = url
    this.#password = password
  }

  get(path: string): Promise<Page> {
    return this.#send(path)
  }

  post(path: string, form: Record<string, string> = {}, fromSite = 'same-origin'): Promise<Page> {
    const headers = { 'sec-fetch-site': fromSite }
    return this.#send(path, { method: 'POST', headers, body: new URLSearchParams({ csrf: this.csrf, ...form }) })
  }

  async signIn(username: string, password: string): Promise<Page> {
    await this.get('/sign-in')
    return this.post('/sign-in', { username, password })
  }

  /** What stands in the cookie. */
  async session(): Promise<{ readonly user?: SessionTokens }> {
    return unsealData(this.cookie.slice(this.cookie.indexOf('=') + 1), { password: this.#password })
  }

  async tokens(): Promise<SessionTokens> {
    return (await this.session()).user!
  }

  async #send(
    path: string,
    request: Omit<RequestInit, 'headers'> & { readonly headers?: Record<string, string> } = {},
  ): Promise<Page> {
    const userAgent = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0'
    const headers = { ...request.headers, cookie: this.cookie, 'user-agent': userAgent }
    const answer = await fetch(this.#url + path, { ...request, headers, redirect: 'manual' })
    const cookie = answer.headers.getSetCookie().at(-1)
    if (cookie !== undefined) this.cookie = cookie.split(';')[0]!
    const text = await answer.text()
    this.csrf = /name="csrf" value="(\w+)"/.exec(text)?.[1] ?? this.csrf
    return { status: answer.status, headers: answer.headers, text, location: answer.headers.get('Location') }
  }
}

async function signedIn(username = 'alice', of = shop): Promise<Browser> {
  const { users, cookiePassword } = JSON.parse(of.read('demo-secrets.json')) as Secrets
  const browser = new Browser(of.webUrl, cookiePassword)
  expect(await browser.signIn(username, users[username]!)).toMatchObject({ status: 303, location: '/orders' })
  return browser
}

async function revoke(token: string, of = shop): Promise<void> {
  const { clients } = JSON.parse(of.read('demo-secrets.json')) as Secrets
  const headers = { authorization: basic('shop-app', clients['shop-app']!) }
  await fetch(`${of.url}/oauth/revoke`, { method: 'POST', headers, body: new URLSearchParams({ token }) })
}

const troubleOf = ({ text }: Page): string | undefined =>
  /role="alert"[^>]*>(.*?)<\/p>/.exec(text)?.[1]?.replaceAll(/<[^>]+>/g, '')
const noticeOf = ({ text }: Page): string | undefined => /class="notice">(.*?)</.exec(text)?.[1]

/** What a person reads of a part of a page. */
const wordsOf = (text: string): string => text.replaceAll(/<[^>]+>/g, '')
/** A page without the demo accounts and the things to try. */
const withoutGuide = ({ text }: Page): string => text.replace(/<aside class="guide".*?<\/aside>/s, '')

const wrongPassword = 'The user name or the password is wrong, or the account is locked.'
const foreignForm = 'This form was too old, or came from another site. Nothing was done.'

describe('the sign-in', () => {
  it('is refused without the form’s token, and with that of another browser', async () => {
    const credentials = { username: 'alice', password: secrets.users['alice']! }
    const other = new Browser()
    await other.get('/sign-in')
    for (const csrf of ['', other.csrf]) {
      const browser = new Browser()
      await browser.get('/sign-in')
      const answer = await browser.post('/sign-in', { csrf, ...credentials }, 'cross-site')
      expect(answer.status).toBe(403)
      expect(troubleOf(answer)).toBe(foreignForm)
      expect((await browser.session()).user).toBeUndefined()
    }
  })

  it('says the same for a wrong password, an unknown user and a locked account', async () => {
    const attempts = { alice: 'wrong', nobody: 'wrong', carol: secrets.users['carol']! }
    for (const [username, password] of Object.entries(attempts)) {
      const browser = new Browser()
      const answer = await browser.signIn(username, password)
      expect(answer.status).toBe(400)
      expect(troubleOf(answer)).toBe(wrongPassword)
      expect(answer.text).toContain(`value="${username}"`)
      expect(withoutGuide(answer)).not.toContain(password === 'wrong' ? 'value="wrong"' : password)
      expect((await browser.session()).user).toBeUndefined()
    }
  })

  it('shows how long to wait after too many wrong passwords', async () => {
    const browser = new Browser()
    for (let times = 0; times < 5; times += 1) await browser.signIn('mallory', 'wrong')
    const answer = await browser.signIn('mallory', 'wrong')
    expect(answer.status).toBe(429)
    const seconds = Number(answer.headers.get('Retry-After'))
    expect(seconds).toBeGreaterThan(5)
    expect(seconds).toBeLessThanOrEqual(10)
    expect(troubleOf(answer)).toBe(`There were too many failed attempts. Please try again in ${seconds} s.`)
  })

  it('leads to the orders, keeps the tokens encrypted and does not keep the password', async () => {
    const browser = new Browser()
    await browser.get('/sign-in')
    const formToken = browser.csrf
    const answer = await browser.post('/sign-in', { username: 'alice', password: secrets.users['alice']! })
    expect(answer).toMatchObject({ status: 303, location: '/orders' })
    expect(answer.headers.get('Set-Cookie')).toMatch(/^shop_session=\S+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/)

    const token = expect.stringMatching(/^[\w-]{43}$/)
    const session = await browser.session()
    expect(session.user).toEqual({
      username: 'alice',
      accessToken: token,
      refreshToken: token,
      expiresAt: expect.any(Number),
      renewals: 0,
      renewedAt: 0,
    })
    expect(JSON.stringify(session)).not.toContain(secrets.users['alice'])

    const orders = await browser.get('/orders')
    expect(orders.status).toBe(200)
    expect(orders.text).toContain('<td>1<td>mug<td>2')
    expect(orders.text).not.toContain('<td>3<td>mug<td>6')
    expect(browser.csrf).not.toBe(formToken)
  })

  it('shows the demo accounts, things to try, and why there are two grants', async () => {
    const { text } = await new Browser().get('/sign-in')
    for (const [name, password] of Object.entries(secrets.users)) {
      expect(text).toContain(`<td>${name}<td><code>${password}</code>`)
    }
    expect(text).toContain('<h2>Things to try</h2>')
    expect(wordsOf(text)).toContain('The password grant is discouraged: RFC 9700 §2.4 says that it must not be used.')
    expect(text).toContain('<a href="https://www.rfc-editor.org/rfc/rfc9700#section-2.4">')
  })

  it('puts the cursor where something is to be typed', async () => {
    expect((await new Browser().get('/sign-in')).text).toMatch(/<input id="username"[^>]* autofocus/)
    expect((await new Browser().signIn('alice', 'wrong')).text).toMatch(/<input id="password"[^>]* autofocus/)
  })

  it('leads back to the page that was asked for, once', async () => {
    const browser = new Browser()
    const credentials = { username: 'alice', password: secrets.users['alice']! }
    await browser.get('/devices')
    await browser.get('/sign-in?notice=needed')
    expect((await browser.post('/sign-in', { ...credentials, password: 'wrong' })).status).toBe(400)
    expect((await browser.post('/sign-in', credentials)).location).toBe('/devices')
    await browser.get('/orders')
    await browser.post('/sign-out')
    await browser.get('/sign-in')
    expect((await browser.post('/sign-in', credentials)).location).toBe('/orders')
  })

  it('is required for every page and form', async () => {
    for (const path of ['/orders', '/devices', '/integrations']) {
      const browser = new Browser()
      await browser.get('/sign-in')
      expect(await browser.get(path)).toMatchObject({ status: 303, location: '/sign-in?notice=needed' })
      expect(await browser.post(path)).toMatchObject({ status: 303, location: '/sign-in?notice=needed' })
    }
  })
})

describe('every page', () => {
  it('forbids foreign scripts, frames, and forms that lead elsewhere', async () => {
    for (const path of ['/sign-in', '/nothing', '/style.css', '/live.js']) {
      const { headers } = await new Browser().get(path)
      expect(headers.get('Content-Security-Policy'), path).toBe(
        "default-src 'none';base-uri 'none';frame-ancestors 'none';" +
          "script-src 'self';style-src 'self';img-src 'self';connect-src 'self';form-action 'self'",
      )
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(headers.get('X-Powered-By')).toBeNull()
    }
    const { text, headers } = await new Browser().get('/sign-in')
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(text).not.toMatch(/<script(?! src=)|<style|\sstyle=|\son\w+=/)
  })

  it('escapes what was typed', async () => {
    const answer = await new Browser().signIn('<b>"&', 'wrong')
    expect(answer.text).toContain('value="&#60;b&#62;&#34;&#38;"')
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '%00', '<b>', 'needed&notice=x'])(
    'shows no unknown notice: ?notice=%s (V25)',
    async (notice) => {
      for (const path of ['/sign-in', '/no-such-page']) {
        const { status, text } = await new Browser().get(`${path}?notice=${notice}`)
        expect(status).toBe(path === '/sign-in' ? 200 : 404)
        expect(text).not.toMatch(/native code|\[object|node_modules|at \w+ \(/)
        expect(text).toContain(notice.startsWith('needed') ? 'Please sign in first.' : '<div role="status"></div>')
      }
    },
  )

  it.each(['//', '//?notice=constructor', '/%', '/%E0%A4%A', '/?notice', '/;'])(
    'shows no stack for the address %s (V25)',
    async (path) => {
      const { text } = await new Browser().get(path)
      expect(text).not.toMatch(/node_modules|at \w+ \(|TypeError|URIError/)
    },
  )

  it('does not exist, and says so', async () => {
    const answer = await new Browser().get('/nothing')
    expect(answer.status).toBe(404)
    expect(troubleOf(answer)).toBe('There is no such page.')
    expect(answer.text).toContain('<a href="/">Go to the sign-in</a>')
    expect((await (await signedIn()).get('/nothing')).text).toContain('<a href="/">Go to your orders</a>')
  })

  it('has a way home', async () => {
    const browser = await signedIn()
    for (const path of ['/sign-in', '/orders', '/devices', '/integrations', '/nothing']) {
      expect((await browser.get(path)).text, path).toContain('<a class="brand" href="/">')
    }
  })
})

describe('a form that is too old', () => {
  const tooOld = 'This form was too old. Nothing was done: you can send it again.'

  it('of the sign-in can be sent again, by a browser that lost its cookie, too', async () => {
    const browser = new Browser()
    await browser.get('/sign-in')
    browser.cookie = ''
    const credentials = { username: 'alice', password: secrets.users['alice']! }
    const stale = await browser.post('/sign-in', credentials)
    expect(stale.status).toBe(403)
    expect(troubleOf(stale)).toBe(tooOld)
    expect(stale.text).toContain('value="alice"')
    expect(withoutGuide(stale)).not.toContain(credentials.password)
    expect(await browser.post('/sign-in', credentials)).toMatchObject({ status: 303, location: '/orders' })
  })

  it('of an order can be sent again with the same content', async () => {
    const browser = await signedIn()
    await browser.get('/orders')
    const stale = await browser.post('/orders', { csrf: 'old', sku: 'mug', quantity: '1', note: '"><b>' })
    expect(stale.status).toBe(403)
    expect(troubleOf(stale)).toBe(tooOld)
    const fields = [...stale.text.replace(/^.*<main/s, '').matchAll(/name="(\w+)" value="([^"]*)"/g)]
    const sent = Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value]))
    expect(sent).toEqual({ csrf: browser.csrf, sku: 'mug', quantity: '1', note: '&#34;&#62;&#60;b&#62;' })
    expect((await browser.post('/orders', sent)).location).toBe('/orders?notice=ordered')
  })

  it.each(['cross-site', 'same-site', 'none'])(
    'or comes from elsewhere gets no session and no button: %s',
    async (site) => {
      const order = { csrf: 'old', sku: 'mug', quantity: '1' }
      for (const browser of [new Browser(), await signedIn()]) {
        const { status, headers, text } = await browser.post('/orders', order, site)
        expect(status).toBe(403)
        expect(headers.getSetCookie()).toEqual([])
        expect(text).toContain(foreignForm)
        expect(text).not.toContain('<form method="post" action="/orders">')
        expect(text).toContain('<a href="/orders">Go to Orders</a>')
      }
    },
  )
})

describe('the orders page', () => {
  it('orders, and reports when stock is too low', async () => {
    const browser = await signedIn()
    await browser.get('/orders')
    expect((await browser.post('/orders', { sku: 'teapot', quantity: '1' })).location).toBe('/orders?notice=ordered')
    const page = await browser.get('/orders?notice=ordered')
    expect(noticeOf(page)).toBe('Thank you! Your order is placed.')
    expect(page.text).toMatch(/<td>\d+<td>teapot<td>1<\/tbody>|<td>\d+<td>teapot<td>1/)
    for (const [quantity, notice, says] of [
      ['1000', 'not-ordered', 'Not ordered: we do not have that many in stock.'],
      ['0', 'no-order', 'Not ordered: please choose an article, and a whole number from 1.'],
      ['many', 'no-order', 'Not ordered: please choose an article, and a whole number from 1.'],
    ] as const) {
      const { location } = await browser.post('/orders', { sku: 'teapot', quantity })
      expect(location).toBe(`/orders?notice=${notice}`)
      // It looks like a failure, and is announced as one.
      const failed = await browser.get(location!)
      expect(troubleOf(failed)).toBe(says)
      expect(failed.text).toContain('<p class="trouble" role="alert">')
      expect(noticeOf(failed)).toBeUndefined()
    }
  })
})

describe('the access token', () => {
  let short: ExampleShop

  beforeAll(async () => {
    short = await makeShop({ accessTokenSeconds: 6 })
  })

  it('is refreshed when it has expired, without the password', async () => {
    const browser = await signedIn('alice', short)
    const before = await browser.tokens()
    await sleep(6100)
    const page = await browser.get('/orders')
    expect(page.status).toBe(200)
    expect(page.text).toContain('<b id="renewals">1</b>')
    expect(page.text).toContain('Just now.')
    expect((await browser.tokens()).refreshToken).not.toBe(before.refreshToken)
  })

  it('is refreshed once for concurrent requests with one cookie, and none of them is signed out', async () => {
    const browser = await signedIn('alice', short)
    await sleep(6100)
    const twins = Array.from({ length: 4 }, () => {
      const twin = new Browser(short.webUrl, (JSON.parse(short.read('demo-secrets.json')) as Secrets).cookiePassword)
      twin.cookie = browser.cookie
      return twin
    })
    const pages = await Promise.all(twins.map((twin) => twin.get('/orders')))
    expect(pages.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const refreshTokens = await Promise.all(twins.map(async (twin) => (await twin.tokens()).refreshToken))
    expect(new Set(refreshTokens).size).toBe(1)
    for (const twin of twins) expect((await twin.get('/devices')).status).toBe(200)
  })

  it('is refreshed when the shop refuses it', async () => {
    const browser = await signedIn()
    const { accessToken } = await browser.tokens()
    await revoke(accessToken)
    const page = await browser.get('/orders')
    expect(page.status).toBe(200)
    expect(page.text).toContain('<b id="renewals">1</b>')
  })

  it('cannot be refreshed once the sign-in has ended, and the page says so', async () => {
    const browser = await signedIn()
    await revoke((await browser.tokens()).refreshToken)
    const { status, location } = await browser.get('/orders')
    expect({ status, location }).toEqual({ status: 303, location: '/sign-in?notice=ended' })
    expect(noticeOf(await browser.get(location!))).toMatch(/^Your sign-in has ended: /)
    expect((await browser.session()).user).toBeUndefined()
  })
})

describe('the session', () => {
  it('gets a new id and token at sign-in and sign-out, so that a planted one is useless (V25)', async () => {
    const attacker = new Browser()
    await attacker.get('/sign-in')
    const planted = attacker.cookie
    const victim = new Browser()
    victim.cookie = planted
    await victim.signIn('alice', secrets.users['alice']!)
    await victim.get('/orders')
    await victim.get('/devices')
    const ids = new Set([planted, victim.cookie])
    const spied = await attacker.get('/sign-in')
    expect(attacker.cookie).toBe(planted)
    expect(withoutGuide(spied)).not.toMatch(/orderId|alice|RFC 6749|POST \/oauth\/token/)
    const before = victim.cookie
    await victim.post('/sign-out')
    ids.add(victim.cookie)
    expect(ids.size).toBe(3)
    const left = new Browser()
    left.cookie = victim.cookie
    const stale = new Browser()
    stale.cookie = before
    expect((await left.session()) as object).not.toMatchObject({ id: ((await stale.session()) as { id: string }).id })
    expect((await left.get('/sign-in')).text).not.toContain('orderId')
  })
})

describe('the sign-out', () => {
  it('ends the sign-in at the shop, too', async () => {
    const browser = await signedIn()
    const { accessToken } = await browser.tokens()
    const stolen = new Browser()
    stolen.cookie = browser.cookie
    await browser.get('/orders')
    expect((await browser.post('/sign-out')).location).toBe('/sign-in?notice=signed-out')
    expect((await browser.session()).user).toBeUndefined()
    const answer = await fetch(`${shop.url}/orders`, { headers: { authorization: `Bearer ${accessToken}` } })
    expect(answer.status).toBe(401)
    expect(await stolen.get('/orders')).toMatchObject({ status: 303, location: '/sign-in?notice=ended' })
  })
})

describe('the devices page', () => {
  const idsIn = ({ text }: Page): string[] => [...text.matchAll(/name="id" value="([^"]+)"/g)].map(([, id]) => id!)

  it('lists the sign-ins of the user, ends one, and then all others', async () => {
    const [here, there, elsewhere] = [await signedIn('bob'), await signedIn('bob'), await signedIn('bob')]
    const stranger = await signedIn('alice')
    const page = await here.get('/devices')
    expect(page.text.match(/<h2>Firefox on Linux/g)).toHaveLength(3)
    expect(page.text.match(/This one/g)).toHaveLength(1)
    expect(page.text).toMatch(
      /Signed in on <time datetime="[^"]+Z">\d+ \w+ \d{4} at \d\d:\d\d UTC<\/time>, last used <time datetime="[^"]+Z">just now</,
    )

    // Others' devices cannot be ended: it is as if there were none.
    await stranger.get('/devices')
    await stranger.post('/devices', { id: idsIn(page)[0]! })
    expect(idsIn(await here.get('/devices'))).toEqual(idsIn(page))

    expect((await here.post('/devices', { id: idsIn(page)[0]! })).location).toBe('/devices?notice=ended-there')
    const answers = await Promise.all([there.get('/orders'), elsewhere.get('/orders')])
    expect(answers.map(({ location }) => location).sort()).toEqual(['/sign-in?notice=ended', null].sort())

    expect(noticeOf(await here.get('/devices?notice=ended-there'))).toBe('That device has been signed out.')
    expect((await here.post('/devices')).location).toBe('/devices?notice=ended-others')
    expect(noticeOf(await here.get('/devices?notice=ended-others'))).toBe('All other devices have been signed out.')
    for (const other of [there, elsewhere]) expect((await other.get('/orders')).status).toBe(303)
    expect(idsIn(await here.get('/devices'))).toEqual([])
    expect((await stranger.get('/orders')).status).toBe(200)
  })
})

describe('the integrations page', () => {
  it('starts and stops the service, and shows what it does', async () => {
    const browser = await signedIn()
    expect((await browser.get('/integrations')).text).toContain('stock-sync is <b>stopped</b>')
    expect((await browser.post('/integrations')).location).toBe('/integrations')
    const page = async (): Promise<string> => (await browser.get('/integrations')).text
    await expect.poll(page).toContain('Shows a JWT to another API')
    const running = await page()
    expect(running).toContain('stock-sync is <b>running</b>')
    expect(running).toMatch(/mug <b id="stock-mug">4\d<\/b>/)
    expect(running).toMatch(/<code>GET \/orders<\/code> <b class="bad">403 insufficient_scope<\/b>/)
    expect(running).toContain('error=&#34;insufficient_scope&#34;')
    expect(running).toContain('The access token is a JWT (RFC 9068 §2). Decoded:')

    // After several rounds the token requests are still there, and nothing is listed twice.
    await expect.poll(page, { timeout: 20_000 }).toMatch(/mug <b id="stock-mug">4[4-9]/)
    const main = wordsOf((await page()).replace(/^.*<main/s, '').replace(/<\/main.*$/s, ''))
    const steps = [
      'Gets a token as itself (RFC 6749 §4.4.2)',
      'Gets a token as itself (RFC 6749 §4.4.2, RFC 8707 §2)',
      'Reports what has arrived (RFC 6750 §2.1)',
      'Asks for the orders of users, and is refused (RFC 6750 §3.1)',
      'Shows a JWT to another API (RFC 9068 §4)',
    ]
    for (const step of steps) expect(main.split(step), step).toHaveLength(2)
    expect(main).toMatch(/In stock:\s+mug \d+, teapot \d+\./)
    await browser.post('/integrations')
    expect(await page()).toContain('stock-sync is <b>stopped</b>')
  })
})

describe('the panel', () => {
  it('shows the requests of this browser, without a secret', async () => {
    const browser = await signedIn()
    await browser.get('/orders')
    await revoke((await browser.tokens()).accessToken)
    const earlier = await browser.tokens()
    const { text } = await browser.get('/orders')
    expect(wordsOf(text)).toContain('Exchanges the password for tokens, and forgets it (RFC 6749 §4.3.2)')
    expect(text).toContain('<a href="https://www.rfc-editor.org/rfc/rfc6749#section-4.3.2">RFC 6749 §4.3.2</a>')
    expect(wordsOf(text)).toContain('The access token is refused (RFC 6750 §3.1)')
    expect(text).toMatch(/<code>GET \/orders<\/code> <b class="bad">401 invalid_token<\/b>/)
    expect(text).toMatch(/<article><time datetime="[^"]+Z">\d\d:\d\d:\d\d<\/time> Gets the stock with the access token/)
    expect(text).toContain('username=alice&#38;password=••••••&#38;device_label=Firefox+on+Linux')
    expect(text).toContain('authorization: Basic ••••••')
    expect(text).toContain(`refresh_token=${earlier.refreshToken.slice(0, 6)}…`)
    const tokens = [earlier, await browser.tokens()].flatMap(({ accessToken, refreshToken }) => [
      accessToken,
      refreshToken,
    ])
    for (const secret of [...tokens, ...Object.values(secrets.users), ...Object.values(secrets.clients)]) {
      expect(text).not.toContain(secret)
      expect(text).not.toContain(encodeURIComponent(secret))
    }
    expect((await (await signedIn('bob')).get('/devices')).text).not.toContain('username=alice')
  })

  it('follows the outcome', async () => {
    const answer = await new Browser().signIn('alice', 'wrong')
    expect(wordsOf(answer.text)).toContain('Gets no tokens for the password (RFC 6749 §5.2)')
    expect(wordsOf(answer.text)).not.toContain('Exchanges the password')
    expect(answer.text).toContain('<code>POST /oauth/token</code> <b class="bad">400 invalid_grant</b>')
    const browser = await signedIn('alice')
    await browser.get('/orders')
    await browser.post('/orders', { sku: 'teapot', quantity: '1000' })
    const { text } = await browser.get('/orders')
    expect(wordsOf(text)).toContain('Refused: Places an order with the access token')
    expect(text).toContain('<code>POST /orders</code> <b class="bad">409 out_of_stock</b>')
  })

  it('is not there in production, nor is anything else of the demo', async () => {
    const url = await shop.startWebApp({ NODE_ENV: 'production' })
    const browser = new Browser(url)
    for (const page of [await browser.get('/sign-in'), await browser.signIn('alice', 'wrong')]) {
      expect(page.text).not.toMatch(/<aside|Demo accounts|carol/)
      for (const password of Object.values(secrets.users)) expect(page.text).not.toContain(password)
    }
    await browser.signIn('alice', secrets.users['alice']!)
    const page = await browser.get('/orders')
    expect(page.status).toBe(200)
    expect(page.text).not.toContain('<aside')
    expect(page.text).not.toContain('access token')
  })
})

describe('a web app whose shop is down', () => {
  let url: string

  beforeAll(async () => {
    // Nobody listens at this one.
    url = await shop.startWebApp({ PORT: '1' })
  })

  it('says so at the sign-in, and on every page', async () => {
    const away = 'The shop cannot be reached at the moment. Nothing is lost: please try again soon.'
    const stranger = await new Browser(url).signIn('alice', secrets.users['alice']!)
    expect(stranger.status).toBe(503)
    expect(troubleOf(stranger)).toBe(away)

    const browser = new Browser(url)
    browser.cookie = (await signedIn()).cookie
    const page = await browser.get('/orders')
    expect(page.status).toBe(503)
    expect(troubleOf(page)).toBe(away)
    // The tokens are still there for when it comes back.
    expect(await browser.tokens()).toBeDefined()
  })

  it('still signs out, and says what could not be done', async () => {
    const browser = new Browser(url)
    browser.cookie = (await signedIn()).cookie
    await browser.get('/orders')
    const { location } = await browser.post('/sign-out')
    expect(location).toBe('/sign-in?notice=signed-out-here')
    expect(noticeOf(await browser.get(location!))).toContain('The shop could not be told')
  })
})

describe('several web apps', () => {
  it('open the cookies of each other', async () => {
    const other = await ExampleShop.make({ of: shop })
    shops.push(other)
    await other.start()
    const browser = new Browser(other.webUrl)
    browser.cookie = (await signedIn()).cookie
    expect((await browser.get('/orders')).status).toBe(200)
  })
})
