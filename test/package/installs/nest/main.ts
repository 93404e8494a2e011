import 'reflect-metadata'
import assert from 'node:assert/strict'
import { NestFactory } from '@nestjs/core'
import { client, clientSecret, MountedModule, oauth, ShopModule } from './shop'

async function main() {
  const app = await NestFactory.create(ShopModule, { logger: false })
  app.use(oauth.router())
  await app.listen(0, '127.0.0.1')
  const mounted = await NestFactory.create(MountedModule, { logger: false })
  await mounted.listen(0, '127.0.0.1')

  const signIn = async (url: string, scope: string) => {
    const headers = { authorization: `Basic ${btoa(`${client.clientId}:${clientSecret}`)}` }
    const body = new URLSearchParams({ grant_type: 'client_credentials', scope })
    const response = await fetch(`${url}/oauth/token`, { method: 'POST', headers, body })
    return { status: response.status, body: await response.text() }
  }
  const url = await app.getUrl()
  const get = async (path: string, token: string) => {
    const response = await fetch(`${url}/${path}`, { headers: { authorization: `Bearer ${token}` } })
    return [response.status, /error="(\w+)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1]]
  }

  const { status, body } = await signIn(url, 'orders:read')
  assert.equal(status, 200)
  assert.equal((await signIn(await mounted.getUrl(), 'orders:read')).status, 200)
  const token = JSON.parse(body).access_token
  assert.deepEqual(await get('middleware', token), [200, undefined])
  assert.deepEqual(await get('middleware', 'bad'), [401, 'invalid_token'])
  assert.deepEqual(await get('guard', token), [200, undefined])
  assert.deepEqual(await get('guard', 'bad'), [401, 'invalid_token'])
  assert.deepEqual(await get('guard/write', token), [403, 'insufficient_scope'])

  // AuthGuard decides by itself what is sent: the strategy told it 403.
  assert.deepEqual(await get('passport', 'good'), [200, undefined])
  assert.deepEqual(await get('passport', 'bad'), [401, undefined])
  assert.deepEqual(await get('passport/write', 'good'), [401, undefined])
  assert.deepEqual(await get('passport/write/telling', 'bad'), [401, 'invalid_token'])
  assert.deepEqual(await get('passport/write/telling', 'good'), [403, 'insufficient_scope'])
  await app.close()
  await mounted.close()
}

void main()
