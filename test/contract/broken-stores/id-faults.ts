import type { Authorization, TokenStore } from '../../../lib/stores/token-store.js'
import { faulty } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'token store: ids'
const octets = `${group} > keeps ids apart that differ in a byte`
const long = `${group} > keeps long ids whole`
const separators = `${group} > keeps ids apart that contain separators`

export const idFaults: readonly PlantedFault<TokenStore>[] = [
  {
    fault: 'users are compared without regard to case',
    rule: octets,
    says: 'Ids are compared octet by octet',
    store: selectingUsersBy((userId) => userId.toLowerCase()),
  },
  {
    fault: 'users are compared without regard to trailing spaces',
    rule: octets,
    says: 'Ids are compared octet by octet',
    store: selectingUsersBy((userId) => userId.replace(/ +$/, '')),
  },
  {
    fault: 'users are compared after normalization',
    rule: octets,
    says: 'Ids are compared octet by octet',
    store: selectingUsersBy((userId) => userId.normalize('NFC')),
  },
  {
    fault: 'users are compared by the characters of the first plane',
    rule: octets,
    says: 'Here: "\u{1F600}"',
    store: selectingUsersBy((userId) => userId.replace(/[\u{10000}-\u{10FFFF}]/gu, '\uFFFD')),
  },
  {
    fault: 'users are compared as numbers where they look like some',
    rule: octets,
    says: 'Here: "1"',
    store: selectingUsersBy((userId) => (/^[+\d]/.test(userId) ? String(Number(userId)) : userId)),
  },
  {
    fault: 'authorization ids are unique without regard to case',
    rule: octets,
    says: 'This rule expects a result: for an exception the server responds server_error.\n  found:    Error: UNIQUE constraint failed',
    store: faulty((sound) => {
      const ids = new Set<string>()
      return {
        async saveTokens(tokens, context) {
          const id = tokens.authorization?.authorizationId.toLowerCase()
          if (id !== undefined && ids.has(id)) throw new Error('UNIQUE constraint failed')
          await sound.saveTokens(tokens, context)
          if (id !== undefined) ids.add(id)
        },
      }
    }),
  },
  {
    fault: 'user ids are cut at 191 characters',
    rule: long,
    says: 'An id may have 255 octets',
    store: selectingUsersBy((userId) => userId.slice(0, 191)),
  },
  {
    fault: 'ids of revoked tokens are cut at 64 characters',
    rule: long,
    says: 'An id may have 255 octets',
    store: faulty((sound) => ({
      revokeSignedToken: (tokenId, expiresAt, context) =>
        sound.revokeSignedToken(tokenId.slice(0, 64), expiresAt, context),
      isSignedTokenRevoked: (token, context) =>
        sound.isSignedTokenRevoked({ ...token, tokenId: token.tokenId.slice(0, 64) }, context),
    })),
  },
  {
    fault: 'an id of 255 octets is too long',
    rule: long,
    says: 'This rule expects a result: for an exception the server responds server_error.\n  found:    Error: value too long for type',
    store: faulty((sound) => ({
      async saveTokens(tokens, context) {
        if ((tokens.authorization?.userId.length ?? 0) > 200) throw new Error('value too long for type')
        await sound.saveTokens(tokens, context)
      },
    })),
  },
  {
    fault: 'users are found by the beginning of a key',
    rule: separators,
    says: 'two different pairs of ids never share a record or a key',
    store: knowing((sound, authorizations) => ({
      async listAuthorizations(userId, context) {
        const keys = authorizations.filter((one) => `${one.userId}:${one.authorizationId}`.startsWith(`${userId}:`))
        const listed = await Promise.all(keys.map(async (one) => sound.listAuthorizations(one.userId, context)))
        return [...new Map(listed.flat().map((one) => [one.authorizationId, one])).values()]
      },
    })),
  },
  {
    fault: 'clients are found by the end of a key',
    rule: separators,
    says: 'two different pairs of ids never share a record or a key',
    store: knowing((sound, authorizations) => ({
      async revokeTokens(selection, context) {
        if (!('clientId' in selection)) return sound.revokeTokens(selection, context)
        let ended = 0
        for (const { userId, clientId, authorizationId } of authorizations) {
          const isSelected = `${userId}|${clientId}`.endsWith(`|${selection.clientId}`)
          if (isSelected) ended += await sound.revokeTokens({ authorizationId }, context)
        }
        return ended
      },
    })),
  },
]

/** A store whose lists and revocations take users for the same when their ids lead to one key. */
function selectingUsersBy(key: (userId: string) => string): () => TokenStore {
  return knowing((sound, authorizations) => ({
    async revokeTokens(selection, context) {
      if (!('userId' in selection)) return sound.revokeTokens(selection, context)
      const users = authorizations.map(({ userId }) => userId).filter((userId) => key(userId) === key(selection.userId))
      let ended = 0
      for (const userId of new Set(users)) ended += await sound.revokeTokens({ ...selection, userId }, context)
      return ended
    },
  }))
}

function knowing(
  fault: (sound: TokenStore, authorizations: readonly Authorization[]) => Partial<TokenStore>,
): () => TokenStore {
  return faulty((sound) => {
    const authorizations: Authorization[] = []
    return {
      async saveTokens(tokens, context) {
        await sound.saveTokens(tokens, context)
        if (tokens.authorization !== undefined) authorizations.push(tokens.authorization)
      },
      ...fault(sound, authorizations),
    }
  })
}
