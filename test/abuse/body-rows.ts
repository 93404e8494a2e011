import { gzipSync } from 'node:zlib'
import { answered, invalidClient, issued, refused, type ShownAnswer, repeatedWords } from '../fixtures/shown-answer.js'
import type { Reading } from './mounts.js'

/** One of the three endpoints, and what it needs. */
export interface Endpoint {
  readonly path: string
  /** The parameter that it cannot do without. */
  readonly name: string
  readonly value: string
  /** Its answer to a request that has no more than that. */
  readonly ok: ShownAnswer
}

export const endpoints: readonly Endpoint[] = [
  { path: '/oauth/token', name: 'grant_type', value: 'client_credentials', ok: issued('stock:write') },
  {
    path: '/oauth/revoke',
    name: 'token',
    value: 'nobody-knows-this-one',
    ok: answered(200, {}),
  },
  { path: '/oauth/introspect', name: 'token', value: 'nobody-knows-this-one', ok: answered(200, { active: false }) },
]

/** The form of a request that has what it needs. */
export const good = ({ name, value }: Endpoint): string => `${name}=${value}`

/** A hostile input and the answer that it must get at each endpoint. */
export interface BodyRow {
  readonly id: string
  readonly what: string
  readonly answer: (endpoint: Endpoint) => ShownAnswer
  /** Each character is one octet. Default: empty. */
  readonly body?: (endpoint: Endpoint) => string
  readonly method?: string
  readonly query?: (endpoint: Endpoint) => string
  /** Instead of the content type of a form. */
  readonly lines?: readonly string[]
  readonly anonymous?: boolean
  /** What a body parser of the application that is there first refuses by itself, with this status: not ours to answer. */
  readonly parserRefuses?: Partial<Record<Reading, number>>
  /** The answer where a parser of the application left no trace of what was hostile. */
  readonly afterParser?: (endpoint: Endpoint) => ShownAnswer
}

const always =
  (answer: ShownAnswer): BodyRow['answer'] =>
  () =>
    answer
const ok: BodyRow['answer'] = (endpoint) => endpoint.ok
const missing: BodyRow['answer'] = ({ name }) => refused(400, 'invalid_request', `The parameter ${name} is missing`)
const invalid = (status: number, description: string): BodyRow['answer'] =>
  always(refused(status, 'invalid_request', description))
const malformed = invalid(400, 'The body is not form-encoded UTF-8')
const repeated = invalid(400, repeatedWords)
const tooMany = invalid(400, 'Too many parameters')
const tooLarge = invalid(413, 'The body is too large')
const compressed = invalid(415, 'The body must not be compressed')
const notAForm = invalid(400, 'The body must be application/x-www-form-urlencoded')
const notUtf8 = invalid(400, 'The body must be UTF-8')
const onlyPost = invalid(405, 'Only POST is allowed here')

const form = 'Content-Type: application/x-www-form-urlencoded'
const json = 'Content-Type: application/json'
const bomb = gzipSync(Buffer.alloc(50_000_000)).toString('latin1')
const numbered = (count: number, name: string): string =>
  Array.from({ length: count }, (_, index) => `${name}${String(index)}`).join('&')

/** Broken escapes and octets that are not UTF-8; a parser for forms leaves of some what cannot be told from a text. */
const broken = (value: string): BodyRow => ({
  id: 'ABU-019',
  what: `username=${value}`,
  body: (endpoint) => `${good(endpoint)}&username=${value}`,
  answer: malformed,
  afterParser: ok,
})

const jsonRow = (id: string, body: string, parserRefuses?: BodyRow['parserRefuses']): BodyRow => ({
  id,
  what: `the JSON ${body}`,
  body: () => body,
  lines: [json],
  answer: notAForm,
  ...(parserRefuses && { parserRefuses }),
})

/** Section 27.1, as far as it is about bodies, parameters, and headers that describe them. */
export const bodyRows: readonly BodyRow[] = [
  {
    id: 'ABU-001',
    what: 'a form of 5 MB',
    body: (endpoint) => `${good(endpoint)}&a=${'x'.repeat(5_000_000)}`,
    answer: tooLarge,
    parserRefuses: { form: 413, any: 413 },
  },
  {
    id: 'ABU-002',
    what: '10 000 parameters',
    body: (endpoint) => `${good(endpoint)}&${numbered(10_000, '')}`,
    answer: tooMany,
    parserRefuses: { form: 413 },
  },
  {
    id: 'ABU-002',
    what: '10 000 parameters that are too large besides',
    body: (endpoint) => `${good(endpoint)}&${numbered(10_000, 'param')}`,
    answer: tooLarge,
    parserRefuses: { form: 413, any: 413 },
  },
  {
    id: 'ABU-003',
    what: '50 MB that were compressed to 50 kB',
    body: () => bomb,
    lines: [form, 'Content-Encoding: gzip'],
    answer: compressed,
    parserRefuses: { form: 413, any: 413 },
  },
  {
    id: 'ABU-004',
    what: 'what is said to be compressed, and is not',
    body: good,
    lines: [form, 'Content-Encoding: gzip'],
    answer: compressed,
    parserRefuses: { form: 400, any: 400 },
  },
  {
    id: 'ABU-004',
    what: 'an encoding that nobody knows',
    body: good,
    lines: [form, 'Content-Encoding: foo'],
    answer: compressed,
    parserRefuses: { form: 415, any: 415 },
  },
  jsonRow('ABU-009', '{"grant_type":"password","username":"alice","password":"alice\'s password"}'),
  jsonRow('ABU-009', '{"grant_type":"client_credentials","token":"x"}'),
  jsonRow('ABU-010', '{"grant_type":["password"],"token":["x"]}'),
  jsonRow('ABU-010', '{"client_id":{"$gt":""},"client_secret":{"$gt":""}}'),
  jsonRow('ABU-010', '[1,2]'),
  jsonRow('ABU-010', '"x"', { json: 400 }),
  jsonRow('ABU-010', 'null', { json: 400 }),
  jsonRow('ABU-011', '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}'),
  {
    id: 'ABU-012',
    what: 'names that objects have',
    body: (endpoint) =>
      `__proto__=1&__proto__[isAdmin]=1&constructor[prototype][isAdmin]=1&hasOwnProperty=1&toString=x&${good(endpoint)}`,
    answer: ok,
  },
  {
    id: 'ABU-013',
    what: 'a parameter twice',
    body: ({ name }) => `${name}=password&${name}=client_credentials`,
    answer: repeated,
  },
  {
    id: 'ABU-013',
    what: 'a parameter twice with the same value',
    body: (e) => `${good(e)}&${good(e)}`,
    answer: repeated,
  },
  {
    id: 'ABU-014',
    what: '25 copies of a parameter',
    body: (endpoint) => good(endpoint) + '&scope=stock:write'.repeat(25),
    answer: repeated,
  },
  // Refused, not ignored: somebody meant a parameter that has a meaning here.
  { id: 'ABU-015', what: 'a name with []', body: ({ name, value }) => `${name}[]=${value}`, answer: repeated },
  { id: 'ABU-015', what: 'a name with [0]', body: ({ name, value }) => `${name}[0]=${value}`, answer: repeated },
  { id: 'ABU-015', what: 'a name with [a]', body: (e) => `${good(e)}&client_id[a]=inspector`, answer: repeated },
  { id: 'ABU-015', what: 'a name with [$ne]', body: ({ name }) => `${name}[$ne]=x`, answer: repeated },
  {
    id: 'ABU-016',
    what: 'a parameter twice, in two spellings',
    body: ({ name }) => `${name.replace('e', '%65')}=password&${name}=client_credentials`,
    answer: repeated,
  },
  { id: 'ABU-017', what: 'a name alone', body: ({ name }) => name, answer: missing },
  { id: 'ABU-017', what: 'a name without a value', body: ({ name }) => `${name}=`, answer: missing },
  { id: 'ABU-017', what: 'a value without a name', body: ({ value }) => `=${value}`, answer: missing },
  { id: 'ABU-017', what: 'nothing but ampersands', body: () => '&&&', answer: missing },
  { id: 'ABU-018', what: 'a semicolon for an ampersand', body: (e) => `a=1;${good(e)}`, answer: missing },
  ...['%ff%fe', '%zz', '%', '%C0%80', '%ED%A0%80'].map(broken),
  { id: 'ABU-019', what: 'octets that are no text', body: (e) => `${good(e)}&username=\xFF\xFE`, answer: malformed },
  { id: 'ABU-020', what: 'a byte order mark before the name', body: (e) => `%EF%BB%BF${good(e)}`, answer: missing },
  {
    id: 'ABU-020',
    what: 'a byte order mark in octets',
    body: (e) => `\xEF\xBB\xBF${good(e)}`,
    answer: missing,
    afterParser: ok,
  },
  ...['utf-16', 'iso-8859-1', 'utf-7'].map((charset): BodyRow => ({
    id: 'ABU-021',
    what: `charset=${charset}`,
    body: good,
    lines: [`${form}; charset=${charset}`],
    answer: notUtf8,
    parserRefuses: { form: 415 },
  })),
  ...[
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/octet-stream',
    '',
    ';',
    '*/*',
  ].map((type): BodyRow => ({
    id: 'ABU-022',
    what: `the content type ${JSON.stringify(type)}`,
    body: good,
    lines: [`Content-Type: ${type}`],
    answer: notAForm,
  })),
  { id: 'ABU-022', what: 'no content type', body: good, lines: [], answer: notAForm },
  { id: 'ABU-023', what: 'a longer content type', body: good, lines: [`${form}X`], answer: notAForm },
  { id: 'ABU-023', what: 'a content type with a parameter', body: good, lines: [`${form}; boundary=x`], answer: ok },
  { id: 'ABU-024', what: 'two content types, first a form', body: good, lines: [form, json], answer: ok },
  {
    id: 'ABU-024',
    what: 'two content types, then a form',
    body: () => '{}',
    lines: [json, form],
    answer: notAForm,
  },
  {
    id: 'ABU-025',
    what: 'everything in the query',
    query: good,
    answer: ({ name }) =>
      name === 'token'
        ? refused(400, 'invalid_request', 'Credentials and tokens must not be sent in the query')
        : refused(400, 'invalid_request', 'The parameter grant_type is missing'),
  },
  { id: 'ABU-026', what: 'GET', method: 'GET', query: good, lines: [], answer: onlyPost },
  {
    id: 'ABU-027',
    what: 'GET that says POST',
    method: 'GET',
    query: good,
    lines: ['X-HTTP-Method-Override: POST', 'X-HTTP-Method: POST', 'X-Method-Override: POST'],
    answer: onlyPost,
  },
  { id: 'ABU-028', what: 'an empty body', lines: [form, 'Content-Length: 0'], answer: missing },
  { id: 'ABU-028', what: 'an empty body of nobody', lines: [form], anonymous: true, answer: always(invalidClient) },
  ...['https://evil.example', 'null'].map((origin): BodyRow => ({
    id: 'ABU-031',
    what: `the origin ${origin}`,
    body: good,
    lines: [form, `Origin: ${origin}`],
    answer: ok,
  })),
  {
    id: 'ABU-083',
    what: 'a secret in the query',
    body: good,
    query: () => 'client_secret=inspector-secret-of-256-bits',
    answer: invalid(400, 'Credentials and tokens must not be sent in the query'),
  },
]
