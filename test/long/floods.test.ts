import { afterAll, beforeAll, it } from 'vitest'
import { attackedServer, type AttackedServer } from '../abuse/attacked.js'
import { presentUnknownKeyIds, revokeForgedJwts } from '../abuse/floods.js'
import { watchProcess } from '../abuse/process-watch.js'
import { describeFloodedAccount } from '../conformance/flooded-account.js'
import { describeFloodedClient, describeFloodedIntrospection } from '../conformance/flooded-clients.js'
import { runningIssuer, type RunningIssuer } from '../fixtures/running-issuer.js'

watchProcess()

describeFloodedAccount(10_000)
describeFloodedClient(10_000)
describeFloodedIntrospection(10_000, 1000)

let server: AttackedServer
let issuer: RunningIssuer
beforeAll(async () => {
  server = await attackedServer()
  issuer = await runningIssuer()
})
afterAll(() => issuer.close())

it('a revocation of 10,000 forged JWTs remembers none of them', async () => {
  await revokeForgedJwts(server, 10_000)
})

it('10,000 unknown key ids make a guard fetch the keys of its issuer once', async () => {
  await presentUnknownKeyIds(issuer, 10_000)
})
