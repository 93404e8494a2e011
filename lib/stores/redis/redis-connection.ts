import { withinDeadline } from '../within-deadline.js'
import type { RedisScript } from './redis-script.js'
import { PendingCall, type SendCommand } from './send-command.js'
import { isMissingScript, storeError } from './store-error.js'

/** Runs scripts; throws `StoreUnavailableError` when Redis cannot serve. */
export class RedisConnection {
  readonly #send: SendCommand
  readonly #timeoutMilliseconds: number

  constructor(send: SendCommand, timeoutMilliseconds: number) {
    this.#send = send
    this.#timeoutMilliseconds = timeoutMilliseconds
  }

  /** Runs a script in one round trip; in two when Redis does not have it yet. */
  async run<Reply>(
    script: RedisScript<Reply>,
    keys: readonly [string, ...string[]],
    values: readonly (string | number)[] = [],
  ): Promise<Reply> {
    const call = new PendingCall()
    const operands = [String(keys.length), ...keys, ...values.map(String)]
    const evaluate = (command: string, what: string): Promise<unknown> =>
      this.#send(keys[0], [command, what, ...operands], call)
    const work = async (): Promise<unknown> => {
      try {
        return await evaluate('EVALSHA', script.sha1)
      } catch (error) {
        if (!isMissingScript(error) || call.isGivenUp) throw error
        return evaluate('EVAL', script.text)
      }
    }
    const reply = await withinDeadline(this.#timeoutMilliseconds, 'Redis', work).catch((error: unknown) => {
      call.giveUp()
      throw storeError(error)
    })
    return script.parse(reply)
  }
}
