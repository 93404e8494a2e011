import { MemoryClientStore } from 'latchkey/stores/memory'
import type { Client, ClientRegistry, ClientSecret } from '../../../lib/stores/client-store.js'
import { contractContext } from '../../../lib/testing/contract-rule.js'
import { nothing, tick } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const lookUp = 'client store: look-up'
const registry = 'client store: registry'
const replacement = 'client store: replacement'

export const clientFaults: readonly PlantedFault<ClientRegistry>[] = [
  {
    fault: 'client secrets are lost',
    rule: `${lookUp} > finds a client with every field, whole and unchanged`,
    says: 'A lost secret locks the client out, a lost `disabled` lets it in',
    store: answering((client) => (client.clientType === 'public' ? client : { ...client, secrets: [] })),
  },
  {
    fault: 'the end of a client secret is lost',
    rule: `${registry} > finds a client that was saved, whole and unchanged`,
    says: 'A saved client is found with every field: its secrets, its limits, its switches',
    store: answering((client) =>
      client.clientType === 'public'
        ? client
        : { ...client, secrets: client.secrets.map(({ digest }) => ({ digest })) },
    ),
  },
  {
    fault: 'fields that are newer than the columns are lost',
    rule: `${lookUp} > finds a client with every field, whole and unchanged`,
    says: 'A lost secret locks the client out, a lost `disabled` lets it in',
    store: answering((client) => ({ ...client, mayIntrospect: undefined, introspectsFor: undefined })),
  },
  {
    fault: 'no resources come back as all of them',
    rule: `${lookUp} > keeps empty and false values`,
    says: 'An empty list is not an absent one: no resources are not all of them',
    store: answering(({ resources, ...client }) => (resources?.length === 0 ? client : { ...client, resources })),
  },
  {
    fault: 'absent lists come back empty',
    rule: `${lookUp} > leaves absent what was absent`,
    says: 'Absent means the default of the server',
    store: answering((client) => ({ ...client, defaultScopes: client.defaultScopes ?? [] })),
  },
  {
    fault: 'absent fields come back as null',
    rule: `${lookUp} > leaves absent what was absent`,
    says: 'Absent means the default of the server',
    store: answering((client) => ({ ...client, name: client.name ?? nothing })),
  },
  {
    fault: 'empty and false values come back absent',
    rule: `${lookUp} > keeps empty and false values`,
    says: 'An empty list is not an absent one: no resources are not all of them',
    store: answering((client) => ({ ...client, disabled: client.disabled === true ? true : undefined })),
  },
  {
    fault: 'the secret itself is answered in place of a digest',
    rule: `${lookUp} > returns digests that can be compared with a secret`,
    says: 'Every secret of "https://reports.example/client?a=1&b=ü" would be refused: a digest is sha256:',
    store: answering((client) => withDigests(client, () => 'correct horse battery staple')),
  },
  {
    fault: 'digests are padded to the width of their column',
    rule: `${lookUp} > returns digests that can be compared with a secret`,
    says: "without padding, and never the secret itself.\n  expected: 'readable'\n  found:    'a text of 72 characters'",
    store: answering((client) => withDigests(client, (digest) => digest.padEnd(72))),
  },
  {
    fault: 'digests are cut off at the width of their column',
    rule: `${lookUp} > returns digests that can be compared with a secret`,
    says: "found:    'a text of 48 characters'",
    store: answering((client) => withDigests(client, (digest) => digest.slice(0, 48))),
  },
  {
    fault: 'digests are answered as bytes',
    rule: `${lookUp} > returns digests that can be compared with a secret`,
    says: "found:    'object'",
    store: answering((client) => withDigests(client, (digest) => Buffer.from(digest) as never)),
  },
  {
    fault: 'an unknown client is null',
    rule: `${lookUp} > returns undefined for an unknown id`,
    says: '"unknown" is unknown: undefined, not null and no exception',
    store: faulty((sound) => ({
      findClient: (clientId, context) => sound.findClient(clientId, context) ?? nothing,
    })),
  },
  {
    fault: 'clients are the properties of an object',
    rule: `${lookUp} > returns undefined for names that every object has`,
    says: '"__proto__" is unknown: look up own properties only, or use a Map',
    store: faulty((sound) => ({
      findClient: (clientId, context) =>
        sound.findClient(clientId, context) ?? ({} as Record<string, Client>)[clientId],
    })),
  },
  {
    fault: 'ids are compared without regard to case and trailing spaces',
    rule: `${lookUp} > compares ids byte for byte`,
    says: '"HTTPS://REPORTS.EXAMPLE/CLIENT?A=1&B=Ü" is unknown: a similar id is another client: mind the collation',
    store: faulty((sound) => ({
      findClient: (clientId, context) => sound.findClient(clientId.toLowerCase().trimEnd(), context),
    })),
  },
  {
    fault: 'ids are normalized',
    rule: `${lookUp} > compares ids byte for byte`,
    says: '"https://reports.example/client?a=1&b=ü" is unknown: ids are not normalized',
    store: faulty((sound) => ({
      findClient: (clientId, context) => sound.findClient(clientId.normalize('NFC'), context),
    })),
  },
  {
    fault: 'a client is found once',
    rule: `${lookUp} > finds the same client each time`,
    says: 'A look-up changes nothing',
    store: faulty((sound) => {
      const found = new Set<string>()
      return {
        findClient(clientId, context) {
          if (found.has(clientId)) return undefined
          found.add(clientId)
          return sound.findClient(clientId, context)
        },
      }
    }),
  },
  {
    fault: 'saving merges with what was there',
    rule: `${registry} > replaces a client as a whole`,
    says: 'Fields of the old registration must not shine through',
    store: faulty((sound) => ({
      async saveClient(client) {
        const before = (await sound.listClients()).find(({ clientId }) => clientId === client.clientId)
        await sound.saveClient({ ...before, ...client })
      },
    })),
  },
  {
    fault: 'the given object is kept',
    rule: `${registry} > keeps a copy of what was saved`,
    says: 'Only `saveClient` changes a registration',
    store: faulty((sound) => {
      const given = new Map<string, Client>()
      return {
        saveClient(client) {
          given.set(client.clientId, client)
          return sound.saveClient(client)
        },
        findClient: (clientId) => given.get(clientId),
      }
    }),
  },
  {
    fault: 'a deleted client is still found',
    rule: `${registry} > deletes one client and no other`,
    says: 'A deleted client is unknown at once',
    store: faulty(() => ({ deleteClient: () => undefined })),
  },
  {
    fault: 'deleting an unknown client is an error',
    rule: `${registry} > does nothing for the deletion of an unknown client`,
    says: 'This rule expects a result: for an exception the server responds server_error.\n  found:    Error: not found',
    store: faulty(() => ({
      deleteClient() {
        throw new Error('not found')
      },
    })),
  },
  {
    fault: 'the list has the order of a dictionary',
    rule: `${registry} > lists all clients ordered by id`,
    says: 'The order is that of the bytes: it does not depend on a locale',
    store: faulty((sound) => ({
      listClients: async () =>
        [...(await sound.listClients())].sort((a, b) => a.clientId.localeCompare(b.clientId, 'en')),
    })),
  },
  {
    fault: 'saving replaces a client whose id differs by case',
    rule: `${registry} > keeps ids apart that differ in a byte`,
    says: 'Saving one client must not replace another with a similar id',
    store: faulty((sound) => ({
      async saveClient(client) {
        const same = (await sound.listClients()).find(
          ({ clientId }) => clientId.toLowerCase() === client.clientId.toLowerCase(),
        )
        if (same !== undefined) await sound.deleteClient(same.clientId)
        await sound.saveClient(client)
      },
    })),
  },
  {
    fault: 'client ids are cut at 128 characters',
    rule: `${registry} > keeps ids apart that differ in a byte`,
    says: 'Saving one client must not replace another with a similar id',
    store: faulty((sound) => ({
      saveClient: (client) => sound.saveClient({ ...client, clientId: client.clientId.slice(0, 128) }),
      async findClient(clientId, context) {
        const found = await sound.findClient(clientId.slice(0, 128), context)
        return found && { ...found, clientId }
      },
    })),
  },
  {
    fault: 'saving reads all clients and writes them back',
    rule: `${registry} > keeps all of several clients that are saved at once`,
    says: 'Saving is one write',
    store: faulty((sound) => {
      let all: readonly Client[] = []
      return {
        async saveClient(client) {
          const others = all.filter(({ clientId }) => clientId !== client.clientId)
          await tick()
          all = [...others, client]
          await sound.saveClient(client)
        },
        listClients: () => [...all].sort((a, b) => (a.clientId < b.clientId ? -1 : 1)),
      }
    }),
  },
  {
    fault: 'the second of two that save a client at once is refused',
    rule: `${registry} > replaces a client as a whole, also when two do at once`,
    says: 'This rule expects a result: for an exception the server responds server_error.\n  found:    Error: UNIQUE constraint failed',
    store: faulty((sound) => ({
      async saveClient(client) {
        const isKnown = (await sound.findClient(client.clientId, contractContext)) !== undefined
        await tick()
        if (!isKnown && (await sound.findClient(client.clientId, contractContext)) !== undefined) {
          throw new Error('UNIQUE constraint failed')
        }
        await sound.saveClient(client)
      },
    })),
  },
  {
    fault: 'two that save a client at once leave the secrets of one and the rights of the other',
    rule: `${registry} > replaces a client as a whole, also when two do at once`,
    says: 'Of concurrent saves of a client each succeeds and one stays, unmixed',
    store: faulty((sound) => ({
      async saveClient(client) {
        await sound.saveClient(client)
        // The more there is to write the longer it takes.
        for (let left = client.scopes.length; left > 0; left--) await tick()
        const stored = await sound.findClient(client.clientId, contractContext)
        if (stored !== undefined) await sound.saveClient({ ...stored, scopes: client.scopes })
      },
    })),
  },
  {
    fault: 'a replacement has no answer',
    rule: `${replacement} > replaces a client that has not changed since it was found`,
    says: 'The client has not changed since it was found: so it is replaced',
    store: faulty((sound) => ({
      async replaceClient(current, next) {
        await sound.replaceClient(current, next)
        return undefined as never
      },
    })),
  },
  {
    fault: 'a replacement merges with what was there',
    rule: `${replacement} > replaces a client that has not changed since it was found`,
    says: 'It is replaced as a whole',
    store: faulty((sound) => ({
      replaceClient: (current, next) => sound.replaceClient(current, { ...current, ...next }),
    })),
  },
  {
    fault: 'a replacement counts rows that it changed, not rows that it found',
    rule: `${replacement} > replaces a client that has not changed since it was found`,
    says: 'To replace a client by itself is no conflict',
    store: faulty((sound) => ({
      replaceClient: (current, next) =>
        JSON.stringify(current) !== JSON.stringify(next) && sound.replaceClient(current, next),
    })),
  },
  {
    fault: 'a replacement does not look at what is stored',
    rule: `${replacement} > replaces no client that was changed meanwhile`,
    says: 'Any change counts, however small',
    store: replacing(() => true),
  },
  {
    fault: 'a replacement looks at the number of secrets alone',
    rule: `${replacement} > replaces no client that was changed meanwhile`,
    says: 'Any change counts, however small',
    store: replacing((stored, current) => secretsOf(stored).length === secretsOf(current).length),
  },
  {
    fault: 'a replacement compares without regard to case',
    rule: `${replacement} > replaces no client that was changed meanwhile`,
    says: 'Any change counts, however small',
    store: replacing(
      (stored, current) => JSON.stringify(stored).toLowerCase() === JSON.stringify(current).toLowerCase(),
    ),
  },
  {
    fault: 'a replacement goes by a number of the version that starts anew',
    rule: `${replacement} > replaces no client that was changed meanwhile`,
    says: 'A client that has its earlier values again counts as unchanged',
    store: faulty((sound) => {
      const seen = new Set<string>()
      return {
        saveClient: (client) => sound.saveClient(client),
        replaceClient(current, next) {
          if (seen.has(JSON.stringify(current))) return false
          seen.add(JSON.stringify(current))
          return sound.replaceClient(current, next)
        },
      }
    }),
  },
  {
    fault: 'a replacement under another id is saved',
    rule: `${replacement} > replaces one client and no other`,
    says: 'What is replaced has one id, that of both',
    store: faulty((sound) => ({
      async replaceClient(current, next) {
        const stored = await sound.findClient(current.clientId, contractContext)
        if (JSON.stringify(stored) !== JSON.stringify(current)) return false
        await sound.saveClient(next)
        return true
      },
    })),
  },
  {
    fault: 'a deleted client comes back by a replacement',
    rule: `${replacement} > replaces no client that was deleted`,
    says: 'A deleted client does not come back',
    store: faulty((sound) => ({
      async replaceClient(current, next) {
        const stored = await sound.findClient(current.clientId, contractContext)
        if (stored !== undefined) return sound.replaceClient(current, next)
        await sound.saveClient(next)
        return true
      },
    })),
  },
  {
    fault: 'all that replace a client at once win',
    rule: `${replacement} > lets exactly one of fifty concurrent replacements win`,
    says: 'Replacing is one atomic compare-and-set',
    store: faulty((sound) => ({
      async replaceClient(current, next) {
        const stored = await sound.findClient(current.clientId, contractContext)
        if (stored === undefined || JSON.stringify(stored) !== JSON.stringify(current)) return false
        await tick()
        await sound.saveClient(next)
        return true
      },
    })),
  },
  {
    fault: 'who loses a replacement is told nothing',
    rule: `${replacement} > lets exactly one of fifty concurrent replacements win`,
    says: 'All other calls return false',
    store: faulty((sound) => ({
      async replaceClient(current, next) {
        return (await sound.replaceClient(current, next)) || (undefined as never)
      },
    })),
  },
]

function faulty(fault: (sound: ClientRegistry) => Partial<ClientRegistry>): () => ClientRegistry {
  return () => {
    const sound: ClientRegistry = new MemoryClientStore()
    return {
      findClient: (clientId, context) => sound.findClient(clientId, context),
      saveClient: (client) => sound.saveClient(client),
      replaceClient: (current, next) => sound.replaceClient(current, next),
      deleteClient: (clientId) => sound.deleteClient(clientId),
      listClients: () => sound.listClients(),
      ...fault(sound),
    }
  }
}

/** Replaces wherever a comparison of its own says so. */
function replacing(isSame: (stored: Client, current: Client) => boolean): () => ClientRegistry {
  return faulty((sound) => ({
    async replaceClient(current, next) {
      const stored = await sound.findClient(next.clientId, contractContext)
      if (stored === undefined || !isSame(stored, current)) return false
      await sound.saveClient(next)
      return true
    },
  }))
}

function withDigests(client: Client, change: (digest: string) => string): Client {
  if (client.clientType === 'public') return client
  return { ...client, secrets: client.secrets.map((secret) => ({ ...secret, digest: change(secret.digest) })) }
}

function secretsOf(client: Client): readonly ClientSecret[] {
  return client.clientType === 'confidential' ? client.secrets : []
}

function answering(change: (client: Client) => Client): () => ClientRegistry {
  return faulty((sound) => ({
    async findClient(clientId, context) {
      const found = await sound.findClient(clientId, context)
      return found && change(found)
    },
  }))
}
