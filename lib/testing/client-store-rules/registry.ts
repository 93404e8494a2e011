import type { ClientRegistry } from '../../stores/client-store.js'
import { fullClient, sparseClient, zeroClient } from '../client-records.js'
import { contractContext as context, type ContractRules } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import { longIds, separators, similarIds } from '../similar-ids.js'

/** Without a registry the store is read-only, and there is nothing to break. */
export const clientRegistryRules: ContractRules<{ readonly registry: ClientRegistry | undefined }> = {
  'finds a client that was saved, whole and unchanged': async ({ registry }) => {
    if (registry === undefined) return
    for (const client of [fullClient, sparseClient, zeroClient]) {
      await registry.saveClient(client)
      const found = await registry.findClient(client.clientId, context)
      assertSame(found, client, 'A saved client is found with every field: its secrets, its limits, its switches.')
    }
  },

  'replaces a client as a whole': async ({ registry }) => {
    if (registry === undefined) return
    await registry.saveClient(fullClient)
    const replacement = { ...sparseClient, clientId: fullClient.clientId }
    await registry.saveClient(replacement)
    const rule = 'Fields of the old registration must not shine through: a withdrawn secret or scope would live on.'
    assertSame(await registry.findClient(fullClient.clientId, context), replacement, rule)
    assertSame(await registry.listClients(), [replacement], 'One id is one client.')
  },

  'keeps a copy of what was saved': async ({ registry }) => {
    if (registry === undefined) return
    const scopes = ['orders:read']
    await registry.saveClient({ ...zeroClient, scopes })
    scopes.push('orders:write')
    const found = await registry.findClient(zeroClient.clientId, context)
    assertSame(found?.scopes, ['orders:read'], 'Only `saveClient` changes a registration.')
  },

  'deletes one client and no other': async ({ registry }) => {
    if (registry === undefined) return
    await registry.saveClient(fullClient)
    await registry.saveClient(sparseClient)
    await registry.deleteClient(fullClient.clientId)
    const deleted = await registry.findClient(fullClient.clientId, context)
    assertSame(deleted, undefined, 'A deleted client is unknown at once.')
    assertSame(await registry.listClients(), [sparseClient], 'Other clients stay.')
  },

  'takes the deletion of an unknown client for done': async ({ registry }) => {
    if (registry === undefined) return
    await registry.saveClient(sparseClient)
    for (const id of ['unknown', 'Mobile-App', 'mobile-app ', '%', '__proto__']) await registry.deleteClient(id)
    assertSame(
      await registry.listClients(),
      [sparseClient],
      'Deleting an unknown id changes nothing and throws nothing.',
    )
  },

  'lists all clients ordered by id': async ({ registry }) => {
    if (registry === undefined) return
    assertSame(await registry.listClients(), [], 'A new registry is empty.')
    for (const clientId of ['b', 'a', 'B', 'a-1', 'a1']) await registry.saveClient({ ...sparseClient, clientId })
    const ids = (await registry.listClients()).map((client) => client.clientId)
    assertSame(ids, ['B', 'a', 'a-1', 'a1', 'b'], 'The order is that of the bytes: it does not depend on a locale.')
  },

  'keeps ids apart that differ in a byte': async ({ registry }) => {
    if (registry === undefined) return
    const ids = [...similarIds, ...longIds, ...separators.map((separator) => `a${separator}b`)]
    for (const clientId of ids) await registry.saveClient({ ...sparseClient, clientId, name: JSON.stringify(clientId) })
    for (const clientId of ids) {
      const found = await registry.findClient(clientId, context)
      const rule = 'Saving one client must not replace another with a similar id.'
      assertSame(found, { ...sparseClient, clientId, name: JSON.stringify(clientId) }, rule)
    }
  },

  'keeps all of several clients that are saved at once': async ({ registry }) => {
    if (registry === undefined) return
    const clients = Array.from({ length: 20 }, (_, index) => ({ ...fullClient, clientId: `client-${10 + index}` }))
    await Promise.all(clients.map(async (client) => registry.saveClient(client)))
    const rule =
      'Saving is one write: who reads all clients and writes them back loses those that others save meanwhile.'
    assertSame(await registry.listClients(), clients, rule)
    await Promise.all(clients.map(async ({ clientId }, index) => index > 9 && registry.deleteClient(clientId)))
    assertSame(await registry.listClients(), clients.slice(0, 10), rule)
  },

  'replaces a client as a whole, also when two do at once': async ({ registry }) => {
    if (registry === undefined) return
    const { clientId } = fullClient
    const replacements = [fullClient, { ...sparseClient, clientId }, { ...zeroClient, clientId }]
    await Promise.all(replacements.map(async (client) => registry.saveClient(client)))
    const found = await registry.findClient(clientId, context)
    const winner = replacements.find(({ authMethods }) => authMethods.join() === found?.authMethods.join())
    const rule =
      'Of concurrent saves of a client each succeeds and one stays, unmixed: no secret of one with the rights of another.'
    assertSame(found, winner ?? fullClient, rule)
    assertSame(await registry.listClients(), [found], rule)
  },
}
