import type { ClientRegistry } from '../../stores/client-store.js'
import { fullClient, sparseClient, zeroClient } from '../client-records.js'
import { contractContext as context, type ContractRules } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'

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
    const ids = ['app', 'APP', 'app ', '\u0430pp', '\u00E9', 'e\u0301', '__proto__']
    for (const clientId of ids) await registry.saveClient({ ...sparseClient, clientId, name: JSON.stringify(clientId) })
    for (const clientId of ids) {
      const found = await registry.findClient(clientId, context)
      const rule = 'Saving one client must not replace another with a similar id.'
      assertSame(found, { ...sparseClient, clientId, name: JSON.stringify(clientId) }, rule)
    }
  },
}
