// Whether a server does what it is measured for: that the answer is right, and that what is wrong is refused.
import { client, scope } from '../fixtures.mjs'

const unsafe = new Set(['bare', 'crypto'])

export async function verify(port, workload, { name, keys }) {
  const url = `http://127.0.0.1:${port}`
  await checks[workload.traffic]({ url, keys, workload, isReal: !unsafe.has(name) })
}

const checks = {
  async clientCredentials({ url, isReal }) {
    const { access_token: token } = await answerOf(await tokenRequest(url, client.secret), 200)
    if (!isReal) return
    await expect(await tokenRequest(url, `${client.secret}x`), 400, 401)
    void token
  },
}

function tokenRequest(url, secret) {
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope })
  return fetch(`${url}/oauth/token`, { method: 'POST', body, headers: { authorization: basic(secret) } })
}

const basic = (secret) => `Basic ${btoa(`${client.id}:${secret}`)}`

async function answerOf(response, status) {
  await expect(response, status)
  return response.json()
}

async function expect(response, ...statuses) {
  if (statuses.includes(response.status)) return
  throw new Error(`${response.status} in place of ${statuses.join(' or ')}: ${(await response.text()).slice(0, 200)}`)
}
