// What the generator sends for each workload. A traffic has `next(connection)`, which is the next request of that connection; before
// that `prepare` and `beforeSample` get tokens and the like, unmeasured; `read` is shown each answer.
import { client, scope } from './fixtures.mjs'

const basic = `Basic ${btoa(`${client.id}:${client.secret}`)}`

export function post(path, parameters, authorization = basic) {
  const body = new URLSearchParams(parameters).toString()
  return [
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${authorization}\r\n`,
    `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  ].join('')
}

export function get(path, token) {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`
}

const kinds = {
  /** Always the same request. */
  clientCredentials() {
    const request = post('/oauth/token', { grant_type: 'client_credentials', scope })
    return { expected: [200], next: () => request }
  },
}

export function trafficOf({ traffic, ...workload }) {
  return kinds[traffic](workload)
}
