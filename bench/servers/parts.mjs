// What several servers have in common.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import bcrypt from 'bcryptjs'
import { publicJwk } from '../fixtures.mjs'

const requirePeer = createRequire(new URL('../peers/', import.meta.url))

export function hashOf(password, cost) {
  return bcrypt.hash(password, cost)
}

/** The package bcrypt, whose hashes are made in the threads of libuv. */
export function nativeBcrypt() {
  return requirePeer('bcrypt')
}

/** A drop-in hasher for latchkey. */
export function nativeHasher(cost = 10) {
  const native = nativeBcrypt()
  const nobody = native.hashSync('nobody', cost)
  return {
    hash: (password) => native.hash(password, cost),
    verify: (password, hash) => native.compare(password, hash),
    verifyNobody: async (password) => void (await native.compare(password, nobody)),
    needsRehash: (hash) => native.getRounds(hash) < cost,
  }
}

/** No hashing at all: for what measures something else than passwords. */
export function plainHasher() {
  return {
    hash: async (password) => password,
    verify: async () => true,
    verifyNobody: async () => {},
    needsRehash: () => false,
  }
}

/** The published keys at a port of their own, for guards that fetch them. */
export async function serveJwks(jwk) {
  const body = JSON.stringify({ keys: [publicJwk(jwk)] })
  const server = createServer((req, res) => res.setHeader('Content-Type', 'application/json').end(body))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${server.address().port}/jwks`
}
