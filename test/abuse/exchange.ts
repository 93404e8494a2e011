import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { RawAnswer } from '../fixtures/raw-http.js'

/** Opens a connection to a server that listens. Each character that is written is one octet. */
export async function open(server: Server): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('latin1')
  // What is of interest of a reset is what came before it.
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/**
 * Sends octets and answers all that comes back until the server closes, or until `isEnough`. It stops sending when there is an
 * answer, as a good client does with a body that nobody wants.
 */
export async function exchange(
  server: Server,
  octets: string,
  { isEnough = () => false, piece = 65_536 }: { isEnough?: (answer: string) => boolean; piece?: number } = {},
): Promise<string> {
  const socket = await open(server)
  let answer = ''
  const ended = new Promise<void>((resolve) => {
    socket.on('close', () => resolve())
    socket.on('data', (chunk: string) => {
      answer += chunk
      if (isEnough(answer)) socket.destroy()
    })
  })
  for (let at = 0; at < octets.length && answer === '' && !socket.destroyed; at += piece) {
    if (!socket.write(octets.slice(at, at + piece), 'latin1')) {
      await Promise.race([once(socket, 'drain'), once(socket, 'data'), ended])
    }
  }
  await ended
  return answer
}

/** A request as octets; `Host`, `Connection: close` and, unless the lines frame it themselves, the length of the body are added. */
export function requestOctets(lines: readonly string[], body = ''): string {
  const [requestLine = '', ...headers] = lines
  const framed = body === '' || headers.some((line) => /^(?:transfer-encoding|content-length):/i.test(line))
  const length = framed ? [] : [`Content-Length: ${String(body.length)}`]
  return [requestLine, 'Host: 127.0.0.1', 'Connection: close', ...headers, ...length, '', body].join('\r\n')
}

/** Every answer in what a connection brought, in order; those of `HEAD` and interim ones excepted. */
export function answersIn(octets: string): RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let rest = octets; rest.startsWith('HTTP/1.');) {
    const headEnd = rest.indexOf('\r\n\r\n') + 4
    const [statusLine = '', ...lines] = rest.slice(0, headEnd - 4).split('\r\n')
    const headers: Record<string, string> = {}
    for (const line of lines) {
      const colon = line.indexOf(':')
      const name = line.slice(0, colon).toLowerCase()
      const value = line.slice(colon + 1).trim()
      headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
    }
    const length = headers['content-length'] === undefined ? rest.length - headEnd : Number(headers['content-length'])
    const text = rest.slice(headEnd, headEnd + length)
    answers.push({ status: Number(statusLine.split(' ')[1]), headers, text, octets: rest.slice(0, headEnd + length) })
    rest = rest.slice(headEnd + length)
  }
  return answers
}

/** Sends one request and answers the one answer. */
export async function ask(server: Server, lines: readonly string[], body = ''): Promise<RawAnswer> {
  const octets = await exchange(server, requestOctets(lines, body))
  const [answer] = answersIn(octets)
  if (answer === undefined) throw new Error(`No answer: ${octets}`)
  return answer
}
