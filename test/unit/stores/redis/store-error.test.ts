import { inspect } from 'node:util'
import { ReplyError } from 'ioredis'
import { ClientClosedError, ClientOfflineError, SocketClosedUnexpectedlyError, SimpleError } from 'redis'
import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../../../lib/errors/store-unavailable-error.js'
import { isMissingScript, storeError } from '../../../../lib/stores/redis/store-error.js'

describe('storeError', () => {
  it.each([
    ['LOADING', 'LOADING Redis is loading the dataset in memory'],
    ['READONLY', "READONLY You can't write against a read only replica."],
    ['MASTERDOWN', "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."],
    ['CLUSTERDOWN', 'CLUSTERDOWN The cluster is down'],
    ['TRYAGAIN', 'TRYAGAIN Multiple keys request during rehashing of slot'],
    ['OOM', "OOM command not allowed when used memory > 'maxmemory'. script: 0a1b, on @user_script:1."],
    ['BUSY', 'BUSY Redis is busy running a script.'],
    ['MISCONF', 'MISCONF Redis is configured to save RDB snapshots, but it is unable to persist to disk.'],
    ['NOREPLICAS', 'NOREPLICAS Not enough good replicas to write.'],
    [
      'OOM',
      "ERR Error running script (call to f_0a1b): @user_script:3: @user_script: 3: -OOM command not allowed when used memory > 'maxmemory'.",
    ],
    [
      'READONLY',
      "ERR Error running script (call to f_0a1b): @user_script:3: -READONLY You can't write against a read only replica.",
    ],
  ])('makes the reply %s a StoreUnavailableError, from either client: %s', (name, message) => {
    for (const reply of [new SimpleError(message), new ReplyError(message)]) {
      const error = storeError(reply)
      expect(error).toBeInstanceOf(StoreUnavailableError)
      expect(error).toMatchObject({ message: `Redis cannot serve: ${name}`, cause: { message } })
    }
  })

  it.each<[string, Error]>([
    ['ClientClosedError', new ClientClosedError()],
    ['ClientOfflineError', new ClientOfflineError()],
    ['SocketClosedUnexpectedlyError', new SocketClosedUnexpectedlyError()],
    ['ECONNREFUSED', Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })],
    ['ECONNRESET', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
    ['EPIPE', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })],
    ['ENOTFOUND', Object.assign(new Error('getaddrinfo ENOTFOUND redis'), { code: 'ENOTFOUND' })],
    ['Connection is closed', new Error('Connection is closed.')],
    ["Stream isn't writeable", new Error("Stream isn't writeable and enableOfflineQueue options is false")],
    ["Cluster isn't ready", new Error("Cluster isn't ready and enableOfflineQueue options is false")],
    ['Command timed out', new Error('Command timed out')],
    ['None of startup nodes', new Error('None of startup nodes is available')],
    ['The queue is full', new Error('The queue is full')],
  ])('makes %s a StoreUnavailableError', (reason, cause) => {
    const error = storeError(cause)
    expect(error).toBeInstanceOf(StoreUnavailableError)
    expect(error).toMatchObject({ message: `Redis cannot serve: ${reason}` })
  })

  it.each([
    'WRONGTYPE Operation against a key holding the wrong kind of value',
    'NOAUTH Authentication required.',
    'WRONGPASS invalid username-password pair or user is disabled.',
    "NOPERM this user has no permissions to run the 'evalsha' command",
    "CROSSSLOT Keys in request don't hash to the same slot",
    'MOVED 3999 127.0.0.1:6381',
    'ERR syntax error',
    'ERR Error running script (call to f_0a1b): @user_script:3: user_script:3: attempt to index nil, BUSY as it is',
    'BUSYKEY Target key name already exists.',
  ])('passes on what will not go away: %s', (message) => {
    for (const reply of [new SimpleError(message), new ReplyError(message)]) {
      const error = storeError(reply)
      expect(error).not.toBeInstanceOf(StoreUnavailableError)
      expect(error).toMatchObject({ name: reply.constructor.name, message })
    }
  })

  it('passes on what is not an error, and its own errors', () => {
    const own = new StoreUnavailableError('Redis did not respond within 5000 ms')
    for (const thrown of [undefined, null, 'OOM', own]) expect(storeError(thrown)).toBe(thrown)
  })

  it('keeps neither the command nor what the server repeats of it', () => {
    const hidden = 'a-hash-that-nobody-may-read'
    const replies = [
      Object.assign(new ReplyError('OOM command not allowed'), { command: { name: 'evalsha', args: [hidden] } }),
      Object.assign(new ReplyError('ERR syntax error'), { command: { name: 'evalsha', args: [hidden] } }),
      new SimpleError(`ERR unknown command 'EVALSHA', with args beginning with: '${hidden}' 'more\n${hidden}'`),
      Object.assign(new Error('The connection ended'), { code: 'ECONNRESET', cause: new Error(hidden) }),
    ]
    for (const reply of replies) {
      expect(inspect(reply, { depth: 9 })).toContain(hidden)
      const error = storeError(reply)
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(hidden)
      expect(JSON.stringify(error)).not.toContain(hidden)
    }
    expect(storeError(replies[2])).toMatchObject({ message: "ERR unknown command 'EVALSHA'" })
  })
})

describe('isMissingScript', () => {
  it('recognizes that one reply', () => {
    expect(isMissingScript(new SimpleError('NOSCRIPT No matching script. Please use EVAL.'))).toBe(true)
    for (const other of [new SimpleError('NOSCRIPTS x'), new SimpleError('ERR NOSCRIPT x'), 'NOSCRIPT x', undefined]) {
      expect(isMissingScript(other)).toBe(false)
    }
  })
})
