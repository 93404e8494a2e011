import { AssertionError } from 'node:assert/strict'
import type { Client, ClientRegistry } from '../../stores/client-store.js'
import { contractContext as context, type ContractRules, requireTestable } from '../contract-rule.js'
import { assertSame, isRefused } from '../rule-assertions.js'
import { similarIds } from '../similar-ids.js'
import type { SampleClients } from '../sample-clients.js'
import { readOnly, type RegistryUnderTest } from './registry.js'

const ROUNDS = 3
const AT_ONCE = 50

const noChange = 'No client has a name or a secret, which could be changed'

export const clientReplacementRules: ContractRules<RegistryUnderTest> = {
  'replaces a client that has not changed since it was found': async ({ registry, samples }) => {
    requireTestable(registry, readOnly)
    for (const client of samples.all) {
      await registry.saveClient(client)
      const current = await found(registry, client.clientId)
      const sparse = { ...samples.sparse, clientId: client.clientId }
      const next = samples.changed(sparse) ?? sparse
      assertSame(
        await registry.replaceClient(current, next),
        true,
        'The client has not changed since it was found: so it is replaced.',
      )
      assertSame(await registry.findClient(client.clientId, context), next, 'It is replaced as a whole.')
      assertSame(await registry.replaceClient(next, next), true, 'To replace a client by itself is no conflict.')
    }
  },

  'replaces no client that was changed meanwhile': async ({ registry, samples }) => {
    requireTestable(registry, readOnly)
    const { full } = samples
    const next = changed(samples, full)
    await registry.saveClient(full)
    const current = await found(registry, full.clientId)
    for (const another of samples.changedInOnePlace(full)) {
      await registry.saveClient(another)
      const rule = 'Any change counts, however small: else a secret that was withdrawn meanwhile would come back.'
      assertSame(await registry.replaceClient(current, next), false, rule)
      assertSame(await registry.findClient(full.clientId, context), another, rule)
    }
    await registry.saveClient(full)
    const again = await registry.replaceClient(current, next)
    assertSame(again, true, 'A client that has its earlier values again counts as unchanged.')
  },

  'replaces one client and no other': async ({ registry, samples }) => {
    requireTestable(registry, readOnly)
    const clients = similarIds.map((clientId): Client => ({ ...samples.full, clientId }))
    for (const client of clients) await registry.saveClient(client)
    const app = await found(registry, 'app')
    const next = changed(samples, app)
    // Whether that is an error is for the store to decide.
    await isRefused(() => registry.replaceClient(app, { ...next, clientId: 'APP' }))
    const rule = 'What is replaced has one id, that of both. An id that is only similar is another client.'
    assertSame(await registry.listClients(), inOrder(clients), rule)
    assertSame(await registry.replaceClient(app, next), true, rule)
    const expected = clients.map((client) => (client.clientId === 'app' ? next : client))
    assertSame(await registry.listClients(), inOrder(expected), rule)
  },

  'replaces no client that was deleted': async ({ registry, samples: { full, sparse } }) => {
    requireTestable(registry, readOnly)
    await registry.saveClient(full)
    await registry.saveClient(sparse)
    const current = await found(registry, full.clientId)
    await registry.deleteClient(full.clientId)
    const rule = 'A deleted client does not come back because somebody was changing it.'
    assertSame(await registry.replaceClient(current, { ...sparse, clientId: full.clientId }), false, rule)
    assertSame(await registry.listClients(), [sparse], rule)
  },

  'lets exactly one of fifty concurrent replacements win': async ({ registry, samples }) => {
    requireTestable(registry, readOnly)
    const { full } = samples
    await registry.saveClient(full)
    const rule = 'Replacing is one atomic compare-and-set: of two winners one has lost the secret that it had added.'
    for (let round = 1; round <= ROUNDS; round++) {
      const current = await found(registry, full.clientId)
      const replacements = Array.from({ length: AT_ONCE }, (_, index) =>
        changed(samples, current, round * AT_ONCE + index),
      )
      const outcomes: readonly unknown[] = await Promise.all(
        replacements.map(async (next) => registry.replaceClient(current, next)),
      )
      const winners = replacements.filter((_, index) => outcomes[index] === true)
      assertSame(winners.length, 1, rule)
      assertSame(outcomes.filter((outcome) => outcome === false).length, AT_ONCE - 1, 'All other calls return false.')
      assertSame(await registry.findClient(full.clientId, context), winners[0], 'What the winner said is stored.')
    }
  },
}

function changed(samples: SampleClients, client: Client, number?: number): Client {
  const next = samples.changed(client, number)
  requireTestable(next, noChange)
  return next
}

function inOrder(clients: readonly Client[]): readonly Client[] {
  return [...clients].sort((a, b) => Buffer.compare(Buffer.from(a.clientId), Buffer.from(b.clientId)))
}

async function found(registry: ClientRegistry, clientId: string): Promise<Client> {
  const client = await registry.findClient(clientId, context)
  if (client === undefined) throw new AssertionError({ message: 'A client that was saved is found.' })
  return client
}
