import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { eventChannelName } from './events.js'
import type { OAuthEvent } from './events.js'
import { requestChannelNames, type RequestTrace } from './request-trace.js'

/** What wants to hear of all servers and guards of this process. */
export interface Observer {
  event(event: OAuthEvent): void
  /** A request begins. */
  begin?(trace: RequestTrace): void
  /** The same object, when it has ended. */
  end(trace: RequestTrace): void
}

/** Seconds that are told apart, from an answer out of memory to one that took too long. */
export const durationBuckets: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]

/** Subscribes to the channels, and answers the function that ends that. */
export function observe(observer: Observer): () => void {
  const subscriptions: [string, (message: unknown) => void][] = [
    [eventChannelName, guarded((event) => observer.event(event as OAuthEvent))],
    [requestChannelNames.end, guarded((trace) => observer.end(trace as RequestTrace))],
  ]
  if (observer.begin !== undefined)
    subscriptions.push([requestChannelNames.start, guarded((trace) => observer.begin?.(trace as RequestTrace))])
  for (const [name, listener] of subscriptions) subscribe(name, listener)
  return () => {
    for (const [name, listener] of subscriptions) unsubscribe(name, listener)
  }
}

/** What a subscriber throws, Node would end the process with. */
function guarded(listener: (message: unknown) => void): (message: unknown) => void {
  return (message) => {
    try {
      listener(message)
    } catch {
      // A number is missing; the requests go on.
    }
  }
}
