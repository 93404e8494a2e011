/**
 * A call that waits for its reply. What has not been sent when it is given up must never be: a token that is spent after its request
 * has failed looks stolen when it is used again.
 */
export class PendingCall {
  #isGivenUp = false
  #controller: AbortController | undefined

  get isGivenUp(): boolean {
    return this.#isGivenUp
  }

  /** Made when it is asked for: it costs as much as the rest of a call. */
  get abortSignal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  giveUp(): void {
    this.#isGivenUp = true
    this.#controller?.abort()
  }
}
