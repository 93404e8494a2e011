import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../tools/servers/free-port.mjs'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'
import { readText } from '../fixtures/doc-blocks.js'
import { basic } from '../fixtures/test-server.js'

const root = join(import.meta.dirname, '../..')
const [compose, conf, dockerfile, program] = ['compose.yaml', 'nginx.conf', 'Dockerfile', 'server.mjs'].map((file) =>
  readText(`docs/deploy/${file}`),
) as [string, string, string, string]

/** The lines of a service of compose.yaml. */
const service = (name: string): string => new RegExp(`^  ${name}:\\n((?:    .*\\n|\\n)*)`, 'm').exec(compose)?.[1] ?? ''
const environment = [.../environment:\n((?: {6}.*\n)*)/.exec(service('app'))![1]!.matchAll(/^ {6}(\w+): (.*)$/gm)]
const headers = [...conf.matchAll(/proxy_set_header (\S+) (\S+);/g)].map(([, name = '', value = '']) => [name, value])

describe('the files of docs/deploy', () => {
  it('set the variables that the server reads, and no others', () => {
    const read = /const \{ (.*) \} = process\.env/
      .exec(program)![1]!
      .split(', ')
      .map((name) => name.split(' ')[0])
    expect(environment.map(([, name]) => name).sort()).toEqual(read.sort())
  })

  it('mount and copy files that exist', () => {
    expect(service('proxy')).toContain('./nginx.conf:')
    expect(dockerfile).toContain('COPY server.mjs')
    expect(dockerfile).toContain('CMD ["node", "server.mjs"]')
  })

  it('have one name and port for the app', () => {
    expect(conf).toContain('server app:3000;')
    expect(environment.find(([, name]) => name === 'PORT')?.[2]).toBe("'3000'")
    expect(service('app')).toContain('http://127.0.0.1:3000/ready')
  })

  it('grace a stop for longer than a request may take', () => {
    expect(Number(/stop_grace_period: (\d+)s/.exec(service('app'))?.[1])).toBeGreaterThan(30)
  })

  it('overwrite what a caller says of its address', () => {
    expect(headers).toContainEqual(['X-Forwarded-For', '$remote_addr'])
    expect(headers).toContainEqual(['X-Forwarded-Proto', '$scheme'])
  })
})

const postgres = await startPostgres()
const secret = randomBytes(32).toString('hex')

describe.skipIf(postgres === undefined)('docs/deploy/server.mjs', () => {
  const processes: ChildProcess[] = []
  const ports: number[] = []
  let folder: string
  let proxy: Server
  let base: string

  beforeAll(async () => {
    if (!existsSync(join(root, 'dist/esm/index.js'))) throw new Error('There is no dist/: run `npm run build` first')
    const url = await postgres!.createDatabase('deploy')
    // Inside the package, where `latchkey` is found as its users find it.
    mkdirSync(join(root, '.test-results'), { recursive: true })
    folder = mkdtempSync(join(root, '.test-results/deploy-'))
    copyFileSync(join(root, 'docs/deploy/server.mjs'), join(folder, 'server.mjs'))
    const values: Record<string, string> = { DATABASE_URL: url, CLIENT_SECRET: secret }
    for (const [, name = '', value = ''] of environment) values[name] ??= value.replaceAll("'", '')
    for (let replica = 0; replica < 2; replica += 1) {
      const port = await freePort()
      const env = { ...process.env, ...values, PORT: String(port), NODE_ENV: 'production' }
      const child = spawn(process.execPath, ['server.mjs'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
      processes.push(child)
      ports.push(port)
      await saying(child, 'Listening')
    }
    proxy = createServer(likeNginx()).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    base = `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`
  }, 60_000)

  afterAll(async () => {
    for (const child of processes) child.kill('SIGKILL')
    proxy.closeAllConnections()
    proxy.close()
    await postgres?.stop()
    rmSync(folder, { recursive: true })
  })

  /** Takes turns between the replicas, with the headers that nginx.conf sets. */
  function likeNginx() {
    let turn = 0
    const valueOf: Record<string, string> = { $host: 'auth.example.com', $remote_addr: '203.0.113.7', $scheme: 'https' }
    const set = Object.fromEntries(
      headers.flatMap(([name, value = '']) => (value in valueOf ? [[name, valueOf[value]]] : [])),
    )
    return (req: IncomingMessage, res: ServerResponse): void => {
      const options = {
        port: ports[turn++ % 2],
        method: req.method,
        path: req.url,
        headers: { ...req.headers, ...set },
      }
      const upstream = httpRequest({ host: '127.0.0.1', ...options }, (answer) => {
        res.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(res)
      })
      req.pipe(upstream)
    }
  }

  const token = (): Promise<Response> =>
    fetch(`${base}/oauth/token`, {
      method: 'POST',
      headers: { authorization: basic('stock-sync', secret), 'x-forwarded-for': '198.51.100.1' },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })

  it('is ready when its database is', async () => {
    expect((await fetch(`http://127.0.0.1:${String(ports[0])}/ready`)).status).toBe(200)
  })

  it('issues a token in one process that the other one accepts, behind the proxy', async () => {
    const response = await token()
    expect(response.status).toBe(200)
    const { access_token: accessToken } = (await response.json()) as { access_token: string }
    for (let turn = 0; turn < 2; turn += 1) {
      const guarded = await fetch(`${base}/stock`, { headers: { authorization: `Bearer ${accessToken}` } })
      expect([guarded.status, await guarded.json()]).toEqual([200, { by: 'stock-sync' }])
    }
  })

  it('takes the address of the caller from the proxy', async () => {
    const said = saying(processes[0]!, 'request_refused')
    const url = `http://127.0.0.1:${String(ports[0])}/oauth/token`
    await fetch(url, { method: 'POST', headers: { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' } })
    expect(await said).toContain('"address":"203.0.113.7"')
  })

  it('refuses a forwarded request without TLS', async () => {
    const url = `http://127.0.0.1:${String(ports[0])}/oauth/token`
    const response = await fetch(url, { method: 'POST', headers: { 'x-forwarded-proto': 'http' } })
    expect(((await response.json()) as { error_description: string }).error_description).toContain('TLS')
  })

  it('finishes its requests at SIGTERM, and exits with 0', async () => {
    const [child] = processes as [ChildProcess]
    // A request of which the end is still missing.
    const options = { host: '127.0.0.1', port: ports[0], path: '/oauth/token', method: 'POST', agent: false }
    const body = 'grant_type=client_credentials'
    const unfinished = httpRequest({
      ...options,
      headers: {
        authorization: basic('stock-sync', secret),
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': body.length,
        expect: '100-continue',
      },
    })
    unfinished.flushHeaders()
    await once(unfinished, 'continue')
    const stopped = saying(child, 'Stopped')
    child.kill('SIGTERM')
    await refused(ports[0]!)
    unfinished.end(body)
    const [response] = (await once(unfinished, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(200)
    response.resume()
    await stopped
    expect(child.exitCode ?? ((await once(child, 'exit')) as [number])[0]).toBe(0)
  })
})

/** Resolves with what a process has written, once that contains a text. */
function saying(child: ChildProcess, text: string): Promise<string> {
  let said = ''
  return new Promise((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      said += chunk.toString()
      if (!said.includes(text)) return
      child.stdout!.off('data', listen)
      resolve(said)
    }
    child.stdout!.on('data', listen)
    child.once('exit', (code) => {
      if (!said.includes(text)) reject(new Error(`Ended with ${String(code)} without "${text}"`))
    })
  })
}

/** Resolves when nobody listens at a port any more. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const isThere = await fetch(`http://127.0.0.1:${String(port)}/ready`).then(Boolean, () => false)
    if (!isThere) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
