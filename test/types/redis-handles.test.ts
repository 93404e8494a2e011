import { expect, it } from 'vitest'
import { compile } from './compile.js'

it('openRedisStores accepts the clients of redis and ioredis', () => {
  expect(compile(5, new Map([['test/types/redis-handles.ts', undefined]]))).toEqual([])
})
