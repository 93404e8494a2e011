import type { Authorization, ListedAuthorization, TokenStore } from '../../../lib/stores/token-store.js'
import { faulty, nothing } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const group = 'token store: authorizations'

export const authorizationFaults: readonly PlantedFault<TokenStore>[] = [
  {
    fault: 'an absent device label is null',
    rule: `${group} > finds an authorization, whole and unchanged`,
    says: 'Every field is returned as it was saved',
    store: faulty((sound) => ({
      async findAuthorization(authorizationId, context) {
        const found = await sound.findAuthorization(authorizationId, context)
        return found && { ...found, deviceLabel: found.deviceLabel ?? nothing }
      },
    })),
  },
  {
    fault: 'times of authorizations come back as dates',
    rule: `${group} > finds an authorization, whole and unchanged`,
    says: 'Every field is returned as it was saved',
    store: faulty((sound) => ({
      async findAuthorization(authorizationId, context) {
        const found = await sound.findAuthorization(authorizationId, context)
        return found && { ...found, expiresAt: new Date(found.expiresAt * 1000) as unknown as number }
      },
    })),
  },
  {
    fault: 'device labels are cut at 255 octets',
    rule: `${group} > keeps every character of a device label`,
    says: 'A device label comes back as it was given',
    store: labelling((label) => Buffer.from(label).subarray(0, 255).toString()),
  },
  {
    fault: 'device labels are normalized',
    rule: `${group} > keeps every character of a device label`,
    says: 'A device label comes back as it was given',
    store: labelling((label) => label.normalize('NFC')),
  },
  {
    fault: 'an unknown authorization is null',
    rule: `${group} > returns undefined for an unknown authorization`,
    says: '"unknown" is unknown: undefined, not null and no exception',
    store: faulty((sound) => ({
      findAuthorization: async (authorizationId, context) =>
        (await sound.findAuthorization(authorizationId, context)) ?? nothing,
    })),
  },
  {
    fault: 'authorization ids are compared without regard to case and trailing spaces',
    rule: `${group} > returns undefined for an unknown authorization`,
    says: '"A-1" is unknown: undefined, not null and no exception; ids are compared byte for byte',
    store: faulty((sound) => ({
      findAuthorization: (authorizationId, context) =>
        sound.findAuthorization(authorizationId.toLowerCase().trimEnd(), context),
    })),
  },
  {
    fault: 'a revoked authorization is found until it is pruned',
    rule: `${group} > does not find or list a revoked one`,
    says: 'A revoked authorization is as good as unknown, at once',
    store: faulty((sound) => {
      const revoked: Authorization[] = []
      return {
        async revokeTokens(selection, context) {
          const found =
            'authorizationId' in selection && (await sound.findAuthorization(selection.authorizationId, context))
          if (found) revoked.push(found)
          return sound.revokeTokens(selection, context)
        },
        findAuthorization: async (authorizationId, context) =>
          (await sound.findAuthorization(authorizationId, context)) ??
          revoked.find((authorization) => authorization.authorizationId === authorizationId),
      }
    }),
  },
  {
    fault: 'a revoked authorization is listed until it is pruned',
    rule: `${group} > does not find or list a revoked one`,
    says: 'A revoked authorization is as good as unknown, at once',
    store: faulty((sound) => {
      const listed = new Map<string, ListedAuthorization>()
      return {
        async revokeTokens(selection, context) {
          for (const one of await sound.listAuthorizations('alice', context)) listed.set(one.authorizationId, one)
          return sound.revokeTokens(selection, context)
        },
        async listAuthorizations(userId, context) {
          const alive = await sound.listAuthorizations(userId, context)
          return listed.size > 0 ? [...listed.values()] : alive
        },
      }
    }),
  },
  {
    fault: 'a list does not tell the client',
    rule: `${group} > lists the authorizations of a user, whole and unchanged`,
    says: 'A user sees all of their own sign-ins, and no others',
    store: faulty((sound) => ({
      listAuthorizations: async (userId, context) =>
        (await sound.listAuthorizations(userId, context)).map((listed) => ({ ...listed, clientId: 'mobile-app' })),
    })),
  },
  {
    fault: 'a user without sign-ins is undefined',
    rule: `${group} > lists none for a user who has none`,
    says: '"bob" has no sign-ins: an empty list, and ids byte for byte',
    store: faulty((sound) => ({
      async listAuthorizations(userId, context) {
        const listed = await sound.listAuthorizations(userId, context)
        return listed.length > 0 ? listed : (nothing as unknown as typeof listed)
      },
    })),
  },
  {
    fault: 'user ids are compared without regard to case',
    rule: `${group} > lists none for a user who has none`,
    says: '"ALICE" has no sign-ins: an empty list, and ids byte for byte',
    store: faulty((sound) => ({
      listAuthorizations: (userId, context) => sound.listAuthorizations(userId.toLowerCase(), context),
    })),
  },
  {
    fault: 'the last used comes last',
    rule: `${group} > lists the last used first`,
    says: 'Where nothing was refreshed, the last begun comes first',
    store: faulty((sound) => ({
      listAuthorizations: async (userId, context) => [...(await sound.listAuthorizations(userId, context))].reverse(),
    })),
  },
  {
    fault: 'rotations do not count as uses',
    rule: `${group} > lists the last used first`,
    says: 'A rotation, also one that gives a JWT, is a use at its `spentAt`; a refused one is none',
    store: faulty((sound) => ({
      listAuthorizations: async (userId, context) =>
        (await sound.listAuthorizations(userId, context))
          .map((listed) => ({ ...listed, lastUsedAt: listed.createdAt }))
          .sort((a, b) => b.lastUsedAt - a.lastUsedAt),
    })),
  },
  {
    fault: 'refused rotations count as uses',
    rule: `${group} > lists the last used first`,
    says: 'A rotation, also one that gives a JWT, is a use at its `spentAt`; a refused one is none',
    store: faulty((sound) => {
      const uses = new Map<string, number>()
      return {
        rotateRefreshToken(rotation, context) {
          uses.set(rotation.refreshToken.authorizationId, rotation.spending.spentAt)
          return sound.rotateRefreshToken(rotation, context)
        },
        listAuthorizations: async (userId, context) =>
          (await sound.listAuthorizations(userId, context)).map((listed) => ({
            ...listed,
            lastUsedAt: uses.get(listed.authorizationId) ?? listed.lastUsedAt,
          })),
      }
    }),
  },
]

function labelling(change: (label: string) => string): () => TokenStore {
  return faulty((sound) => ({
    async findAuthorization(authorizationId, context) {
      const found = await sound.findAuthorization(authorizationId, context)
      return found && { ...found, deviceLabel: found.deviceLabel && change(found.deviceLabel) }
    },
  }))
}
