import type { Client, ClientRegistry } from '../../stores/client-store.js'
import { contractContext as context, type ContractRules, requireTestable } from '../contract-rule.js'
import { assertSame, isSame } from '../rule-assertions.js'
import type { SampleClients } from '../sample-clients.js'
import { longIds, separators, similarIds } from '../similar-ids.js'

/** An empty store; without a registry it is read-only, and there is nothing to break. */
export interface RegistryUnderTest {
  readonly registry: ClientRegistry | undefined
  readonly samples: SampleClients
}

export const readOnly = 'The store has no saveClient: it is read-only'

export const clientRegistryRules: ContractRules<RegistryUnderTest> = {
  'finds a client that was saved, whole and unchanged': async ({ registry, samples }) => {
    requireTestable(registry, readOnly)
    for (const client of samples.all) {
      await registry.saveClient(client)
      const found = await registry.findClient(client.clientId, context)
      assertSame(found, client, 'A saved client is found with every field: its secrets, its limits, its switches.')
    }
  },

  'replaces a client as a whole': async ({ registry, samples }) => {
    requireTestable(registry, readOnly)
    await registry.saveClient(samples.full)
    const replacement = { ...samples.sparse, clientId: samples.full.clientId }
    await registry.saveClient(replacement)
    const rule = 'Fields of the old registration must not shine through: a withdrawn secret or scope would live on.'
    assertSame(await registry.findClient(samples.full.clientId, context), replacement, rule)
    assertSame(await registry.listClients(), [replacement], 'One id is one client.')
  },

  'keeps a copy of what was saved': async ({ registry, samples }) => {
    requireTestable(registry, readOnly)
    const scopes = [...samples.full.scopes]
    await registry.saveClient({ ...samples.full, scopes })
    scopes.push('added:later')
    const found = await registry.findClient(samples.full.clientId, context)
    assertSame(found?.scopes, samples.full.scopes, 'Only `saveClient` changes a registration.')
  },

  'deletes one client and no other': async ({ registry, samples }) => {
    requireTestable(registry, readOnly)
    await registry.saveClient(samples.full)
    await registry.saveClient(samples.sparse)
    await registry.deleteClient(samples.full.clientId)
    const deleted = await registry.findClient(samples.full.clientId, context)
    assertSame(deleted, undefined, 'A deleted client is unknown at once.')
    assertSame(await registry.listClients(), [samples.sparse], 'Other clients stay.')
  },

  'does nothing for the deletion of an unknown client': async ({ registry, samples }) => {
    requireTestable(registry, readOnly)
    await registry.saveClient(samples.sparse)
    const { clientId } = samples.sparse
    for (const id of ['unknown', clientId.toUpperCase(), `${clientId} `, '%', '__proto__'])
      await registry.deleteClient(id)
    assertSame(
      await registry.listClients(),
      [samples.sparse],
      'Deleting an unknown id changes nothing and throws nothing.',
    )
  },

  'lists all clients ordered by id': async ({ registry, samples }) => {
    requireTestable(registry, readOnly)
    assertSame(await registry.listClients(), [], 'A new registry is empty.')
    for (const clientId of ['b', 'a', 'B', 'a-1', 'a1']) await registry.saveClient({ ...samples.sparse, clientId })
    const ids = (await registry.listClients()).map((client) => client.clientId)
    assertSame(ids, ['B', 'a', 'a-1', 'a1', 'b'], 'The order is that of the bytes: it does not depend on a locale.')
  },

  'keeps ids apart that differ in a byte': async ({ registry, samples }) => {
    requireTestable(registry, readOnly)
    const ids = [...similarIds, ...longIds, ...separators.map((separator) => `a${separator}b`)]
    const named = (clientId: string): Client => {
      const name = samples.untestedFields.includes('name') ? undefined : JSON.stringify(clientId)
      return { ...samples.sparse, clientId, name }
    }
    for (const clientId of ids) await registry.saveClient(named(clientId))
    for (const clientId of ids) {
      const found = await registry.findClient(clientId, context)
      const rule = 'Saving one client must not replace another with a similar id.'
      assertSame(found, named(clientId), rule)
    }
  },

  'keeps all of several clients that are saved at once': async ({ registry, samples }) => {
    requireTestable(registry, readOnly)
    const clients = Array.from({ length: 20 }, (_, index) => ({ ...samples.full, clientId: `client-${10 + index}` }))
    await Promise.all(clients.map(async (client) => registry.saveClient(client)))
    const rule =
      'Saving is one write: who reads all clients and writes them back loses those that others save meanwhile.'
    assertSame(await registry.listClients(), clients, rule)
    await Promise.all(clients.map(async ({ clientId }, index) => index > 9 && registry.deleteClient(clientId)))
    assertSame(await registry.listClients(), clients.slice(0, 10), rule)
  },

  'replaces a client as a whole, also when two do at once': async ({ registry, samples }) => {
    requireTestable(registry, readOnly)
    const { clientId } = samples.full
    const replacements = samples.all.map((client): Client => ({ ...client, clientId }))
    await Promise.all(replacements.map(async (client) => registry.saveClient(client)))
    const found = await registry.findClient(clientId, context)
    const winner = replacements.find((client) => isSame(found, client))
    const rule =
      'Of concurrent saves of a client each succeeds and one stays, unmixed: no secret of one with the rights of another.'
    assertSame(found, winner ?? replacements[0], rule)
    assertSame(await registry.listClients(), [found], rule)
  },
}
