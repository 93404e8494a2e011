// A socket that answers whatever comes with the same octets: what the load generator can do at most.
import { createServer } from 'node:net'
import { constantTokens } from '../fixtures.mjs'

export function create() {
  const body = JSON.stringify(constantTokens)
  const answer = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', () => socket.write(answer, 'latin1')).on('error', () => {})
  })
  return { server }
}
