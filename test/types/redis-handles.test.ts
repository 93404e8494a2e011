import { expect, it } from 'vitest'
import { compile } from './compile.js'

it('the clients of redis and ioredis are what openRedisStores takes', () => {
  expect(compile(5, new Map([['test/types/redis-handles.ts', undefined]]))).toEqual([])
})
