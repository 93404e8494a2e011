import type { Client, ClientStore } from '../../stores/client-store.js'
import { fullClient, sparseClient, zeroClient } from '../client-records.js'
import { contractContext as context, type ContractRules } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'

/** The clients that the store holds while it is asked. */
export const registeredClients: readonly Client[] = [fullClient, sparseClient, zeroClient]

export const clientLookUpRules: ContractRules<{ readonly store: ClientStore }> = {
  'finds a client with every field, whole and unchanged': async ({ store }) => {
    const rule =
      'A lost secret locks the client out, a lost `disabled` lets it in: every field counts, lists in their order.'
    assertSame(await store.findClient(fullClient.clientId, context), fullClient, rule)
  },

  'leaves absent what was absent': async ({ store }) => {
    const rule = 'Absent means the default of the server; a null, a zero or an empty list means something else.'
    assertSame(await store.findClient(sparseClient.clientId, context), sparseClient, rule)
  },

  'keeps empty and false values': async ({ store }) => {
    const rule = 'An empty list is not an absent one: no resources are not all of them. `false` is not absent either.'
    assertSame(await store.findClient(zeroClient.clientId, context), zeroClient, rule)
  },

  'answers undefined for an unknown id': async ({ store }) => {
    for (const id of ['unknown', '', '%', '_', `' OR '1'='1`, '{"$ne":null}']) {
      assertUnknown(await store.findClient(id, context), id, 'undefined, not null and no exception')
    }
  },

  'answers undefined for names that every object has': async ({ store }) => {
    for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']) {
      assertUnknown(await store.findClient(id, context), id, 'look up own properties only, or use a Map')
    }
  },

  'compares ids byte for byte': async ({ store }) => {
    // The last one begins with a Cyrillic letter.
    for (const id of ['Mobile-App', 'mobile-app ', ' mobile-app', 'mobile-ap', 'mobile-app1', '\u043Cobile-app']) {
      assertUnknown(await store.findClient(id, context), id, 'a similar id is another client: mind the collation')
    }
    const decomposed = fullClient.clientId.normalize('NFD')
    assertUnknown(await store.findClient(decomposed, context), decomposed, 'ids are not normalized')
  },

  'finds the same client each time': async ({ store }) => {
    const first = await store.findClient(fullClient.clientId, context)
    await store.findClient(sparseClient.clientId, context)
    assertSame(await store.findClient(fullClient.clientId, context), first, 'A look-up changes nothing.')
  },
}

function assertUnknown(found: Client | undefined, id: string, remedy: string): void {
  assertSame(found, undefined, `${JSON.stringify(id)} is unknown: ${remedy}.`)
}
