import { request as httpRequest, type Agent, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FuzzRequest } from './request.js'

/** What came back. */
export interface FuzzAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** Sends a request over a connection that stays open. */
export function send(
  server: Server,
  agent: Agent,
  { method, target, headers, body }: FuzzRequest,
): Promise<FuzzAnswer> {
  const { port } = server.address() as AddressInfo
  const octets = Buffer.from(body, 'latin1')
  const lines = [
    ...headers.flat(),
    'Host',
    '127.0.0.1',
    'Content-Length',
    String(octets.length),
    'Connection',
    'keep-alive',
  ]
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, agent, method, path: target, headers: lines }, (res) => {
      let text = ''
      res.setEncoding('latin1')
      res.on('data', (chunk: string) => (text += chunk))
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }))
      res.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(octets)
  })
}
