import { MemoryClientStore } from 'latchkey/stores/memory'
import type { Client, ClientRegistry } from '../../../lib/stores/client-store.js'
import { nothing } from './faulty-token-store.js'
import type { PlantedFault } from './planted-fault.js'

const lookUp = 'client store: look-up'
const registry = 'client store: registry'

export const clientFaults: readonly PlantedFault<ClientRegistry>[] = [
  {
    fault: 'client secrets are lost',
    rule: `${lookUp} > finds a client with every field, whole and unchanged`,
    store: answering((client) => (client.clientType === 'public' ? client : { ...client, secrets: [] })),
  },
  {
    fault: 'the end of a client secret is lost',
    rule: `${registry} > finds a client that was saved, whole and unchanged`,
    store: answering((client) =>
      client.clientType === 'public'
        ? client
        : { ...client, secrets: client.secrets.map(({ digest }) => ({ digest })) },
    ),
  },
  {
    fault: 'fields that are newer than the columns are lost',
    rule: `${lookUp} > finds a client with every field, whole and unchanged`,
    store: answering((client) => ({ ...client, mayIntrospect: undefined, introspectsFor: undefined })),
  },
  {
    fault: 'no resources come back as all of them',
    rule: `${lookUp} > keeps empty and false values`,
    store: answering(({ resources, ...client }) => (resources?.length === 0 ? client : { ...client, resources })),
  },
  {
    fault: 'absent lists come back empty',
    rule: `${lookUp} > leaves absent what was absent`,
    store: answering((client) => ({ ...client, defaultScopes: client.defaultScopes ?? [] })),
  },
  {
    fault: 'absent fields come back as null',
    rule: `${lookUp} > leaves absent what was absent`,
    store: answering((client) => ({ ...client, name: client.name ?? nothing })),
  },
  {
    fault: 'empty and false values come back absent',
    rule: `${lookUp} > keeps empty and false values`,
    store: answering((client) => ({ ...client, disabled: client.disabled === true ? true : undefined })),
  },
  {
    fault: 'an unknown client is null',
    rule: `${lookUp} > answers undefined for an unknown id`,
    store: faulty((sound) => ({
      findClient: (clientId, context) => sound.findClient(clientId, context) ?? nothing,
    })),
  },
  {
    fault: 'clients are the properties of an object',
    rule: `${lookUp} > answers undefined for names that every object has`,
    store: faulty((sound) => ({
      findClient: (clientId, context) =>
        sound.findClient(clientId, context) ?? ({} as Record<string, Client>)[clientId],
    })),
  },
  {
    fault: 'ids are compared without regard to case and trailing spaces',
    rule: `${lookUp} > compares ids byte for byte`,
    store: faulty((sound) => ({
      findClient: (clientId, context) => sound.findClient(clientId.toLowerCase().trimEnd(), context),
    })),
  },
  {
    fault: 'ids are normalized',
    rule: `${lookUp} > compares ids byte for byte`,
    store: faulty((sound) => ({
      findClient: (clientId, context) => sound.findClient(clientId.normalize('NFC'), context),
    })),
  },
  {
    fault: 'a client is found once',
    rule: `${lookUp} > finds the same client each time`,
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
    store: faulty(() => ({ deleteClient: () => undefined })),
  },
  {
    fault: 'deleting an unknown client is an error',
    rule: `${registry} > takes the deletion of an unknown client for done`,
    store: faulty(() => ({
      deleteClient() {
        throw new Error('not found')
      },
    })),
  },
  {
    fault: 'the list has the order of a dictionary',
    rule: `${registry} > lists all clients ordered by id`,
    store: faulty((sound) => ({
      listClients: async () =>
        [...(await sound.listClients())].sort((a, b) => a.clientId.localeCompare(b.clientId, 'en')),
    })),
  },
  {
    fault: 'saving replaces a client whose id differs by case',
    rule: `${registry} > keeps ids apart that differ in a byte`,
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
]

function faulty(fault: (sound: ClientRegistry) => Partial<ClientRegistry>): () => ClientRegistry {
  return () => {
    const sound: ClientRegistry = new MemoryClientStore()
    return {
      findClient: (clientId, context) => sound.findClient(clientId, context),
      saveClient: (client) => sound.saveClient(client),
      deleteClient: (clientId) => sound.deleteClient(clientId),
      listClients: () => sound.listClients(),
      ...fault(sound),
    }
  }
}

function answering(change: (client: Client) => Client): () => ClientRegistry {
  return faulty((sound) => ({
    async findClient(clientId, context) {
      const found = await sound.findClient(clientId, context)
      return found && change(found)
    },
  }))
}
