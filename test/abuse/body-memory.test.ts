import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const program = join(import.meta.dirname, '../fixtures/body-server.mjs')
const CONNECTIONS = 150
const OCTETS = 4200

/** Sends bodies that never end, in chunks of this size, and returns the bytes that the server holds for each of them. */
async function bytesHeldByEach(path: string, chunkSize: number): Promise<number> {
  const child = fork(program, { execArgv: ['--expose-gc'] })
  const answer = async (): Promise<Record<string, number>> => (await once(child, 'message'))[0]
  const held = async (received: number): Promise<number> => {
    child.send({ received })
    return (await answer())['held']!
  }
  const sockets: Socket[] = []
  try {
    const { port } = await answer()
    // One request beforehand, for what is compiled and loaded with the first one.
    const send = async (): Promise<number> => {
      const socket = connect(port!, '127.0.0.1').on('error', () => undefined)
      sockets.push(socket)
      const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n`
      const chunk = `${chunkSize}\r\n${'a'.repeat(chunkSize)}\r\n`
      const request = head + chunk.repeat(OCTETS / chunkSize)
      await new Promise((resolve) => socket.write(request, resolve))
      return request.length
    }
    let received = await send()
    const before = await held(received)
    for (let i = 0; i < CONNECTIONS; i++) received += await send()
    return ((await held(received)) - before) / CONNECTIONS
  } finally {
    for (const socket of sockets) socket.destroy()
    child.kill()
    await once(child, 'exit')
  }
}

describe('the memory of a body that arrives in small chunks', () => {
  it.each([1, 2, 7])('is at most twice that of express.urlencoded, and small: chunks of %i (V1)', async (chunkSize) => {
    const [own, parsers] = [
      await bytesHeldByEach('/oauth/token', chunkSize),
      await bytesHeldByEach('/urlencoded', chunkSize),
    ]
    expect(own).toBeLessThan(2 * parsers)
    // The buffer of the body, and what Node and Express keep for any connection.
    expect(own).toBeLessThan(2 * OCTETS + 40_000)
  })
})
