import { Agent, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request of a flood; a form. */
export interface FloodRequest {
  readonly path: string
  readonly authorization: string
  /** `X-Forwarded-For` */
  readonly address: string
  readonly form: Readonly<Record<string, string>>
}

/** Sends many requests over many connections, and answers how often each status came, in the order of their numbers. */
export async function flood(
  server: Server,
  count: number,
  requestOf: (i: number) => FloodRequest,
  connections = 100,
): Promise<readonly (readonly [status: number, times: number])[]> {
  const { port } = server.address() as AddressInfo
  // Both ends are in one process: after a stall it would find that it had closed its own connections.
  server.keepAliveTimeout = 0
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const counts = new Map<number, number>()
  let next = 0
  async function sendOnAndOn(): Promise<void> {
    while (next < count) {
      const status = await send(agent, port, requestOf(next++))
      counts.set(status, (counts.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: connections }, sendOnAndOn))
  agent.destroy()
  return [...counts].sort(([one], [another]) => one - another)
}

function send(agent: Agent, port: number, { path, authorization, address, form }: FloodRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization,
      'x-forwarded-for': address,
      'content-type': 'application/x-www-form-urlencoded',
    }
    const sent = request({ agent, port, host: '127.0.0.1', method: 'POST', path, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.on('error', reject).end(new URLSearchParams(form).toString())
  })
}
