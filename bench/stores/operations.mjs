import { randomBytes, randomUUID } from 'node:crypto'

/** What is measured, by the name in the table. */
export const operationNames = ['client credentials', 'verify', 'sign-in', 'refresh']

const clientId = 'client-of-the-benchmark'
const audience = ''
const now = Math.floor(Date.now() / 1000)
const accessTokenExpiresAt = now + 3600
const refreshTokenExpiresAt = now + 14 * 86_400
const scope = 'profile orders:read'
/** So many sign-ins are there to verify and refresh. */
const seeds = 1000

/** One half of a comparison: its sign-ins, and what an operation is given. Nothing of this is done while the clock runs. */
export class Workload {
  #signIns = []
  #next = 0

  /** Sign-ins that have to be stored before the rest. */
  seed() {
    const inputs = Array.from({ length: seeds }, signIn)
    this.#signIns = inputs.map(({ accessToken, refreshToken, authorization }) => ({
      accessToken: accessToken.tokenHash,
      refreshToken: refreshToken.tokenHash,
      authorization,
    }))
    return inputs
  }

  /** What an operation is given so many times. */
  inputs(operation, count) {
    return Array.from({ length: count }, () => this.#input(operation))
  }

  #input(operation) {
    if (operation === 'client credentials') return clientToken()
    if (operation === 'sign-in') return signIn()
    this.#next = (this.#next + 1) % seeds
    const known = this.#signIns[this.#next]
    if (operation === 'verify') return known.accessToken
    const rotation = rotate(known.refreshToken, known.authorization)
    known.refreshToken = rotation.refreshToken.tokenHash
    return rotation
  }
}

function clientToken() {
  const accessToken = {
    ...{ tokenHash: randomHash(), clientId, userId: undefined, authorizationId: undefined },
    ...{ scope, audience, issuedAt: now, expiresAt: accessTokenExpiresAt },
  }
  return { authorization: undefined, accessToken, refreshToken: undefined }
}

function signIn() {
  const authorization = {
    ...{ authorizationId: randomUUID(), userId: `user-${randomUUID()}`, clientId, grantType: 'password' },
    ...{ scope, audience, deviceLabel: 'Firefox on Linux', createdAt: now, expiresAt: now + 90 * 86_400 },
  }
  return { authorization, accessTokenExpiresAt, ...userTokens(authorization) }
}

function rotate(presented, authorization) {
  const spending = {
    ...{ spentAt: now, successorNonce: randomBytes(16).toString('base64url') },
    ...{ accessTokenScope: scope, accessTokenAudience: audience, accessTokenExpiresAt },
  }
  return { presented, spending, ...userTokens(authorization) }
}

function userTokens({ authorizationId, userId }) {
  const tokens = { authorizationId, issuedAt: now }
  return {
    accessToken: {
      ...{ tokenHash: randomHash(), clientId, userId, authorizationId },
      ...{ scope, audience, issuedAt: now, expiresAt: accessTokenExpiresAt },
    },
    refreshToken: { tokenHash: randomHash(), ...tokens, expiresAt: refreshTokenExpiresAt },
  }
}

/** As long as the digest of a token. */
function randomHash() {
  return randomBytes(32).toString('base64url')
}
