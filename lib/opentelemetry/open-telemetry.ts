import {
  context,
  metrics,
  SpanStatusCode,
  trace as traces,
  type MeterProvider,
  type Span,
  type TracerProvider,
} from '@opentelemetry/api'
import { describeOptions } from '../checks/describe-options.js'
import { flag, having } from '../checks/option-kind.js'
import { eventCounters, labelsOf, durationBuckets, observe } from '../telemetry/metrics.js'
import type { RequestTrace } from '../telemetry/request-trace.js'

/** The options of {@link openTelemetry}. */
export interface OpenTelemetryOptions {
  /** Default the global one: start the SDK first. */
  readonly meterProvider?: MeterProvider
  /** Default the global one. */
  readonly tracerProvider?: TracerProvider
  /** Whether to count per client, by the attribute `latchkey.client_id`. Default false, because there may be many clients. */
  readonly perClient?: boolean
}

const description = describeOptions<OpenTelemetryOptions>()('openTelemetry', {
  meterProvider: having<MeterProvider>('MeterProvider'),
  tracerProvider: having<TracerProvider>('TracerProvider'),
  perClient: flag().or(false),
})

const SCOPE = 'latchkey'

/**
 * Counts the events of all servers and guards of this process, measures their requests, and creates a span for each, with the API of
 * OpenTelemetry. Returns a function that stops it.
 *
 * A span is a child of the one that is active when the request arrives, such as the span of the HTTP server; it is not made active itself.
 * No attribute of a metric has a value that a client or a user can choose. Throws `ConfigurationError`.
 *
 * @example
 * ```ts
 * // Once in each process, after the SDK has started.
 * const stop = openTelemetry({ perClient: true })
 * ```
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): () => void {
  const { perClient, ...given } = description.read(options)
  const { meterProvider = metrics.getMeterProvider(), tracerProvider = traces.getTracerProvider() } = given

  const meter = meterProvider.getMeter(SCOPE)
  const tracer = tracerProvider.getTracer(SCOPE)
  const counters = new Map(
    eventCounters.map((counter) => {
      const metric = meter.createCounter(`latchkey.${counter.name}`, { description: counter.help })
      return [counter.type, { counter, metric }] as const
    }),
  )
  const duration = meter.createHistogram('latchkey.request.duration', {
    description: 'How long endpoints and guards took to decide',
    unit: 's',
    advice: { explicitBucketBoundaries: [...durationBuckets] },
  })
  const spans = new WeakMap<RequestTrace, Span>()

  return observe({
    event(event) {
      const counted = counters.get(event.type)
      counted?.metric.add(1, prefixed(labelsOf(counted.counter, event, perClient)))
    },
    begin(trace) {
      const attributes = prefixed({ endpoint: trace.name, request_id: trace.requestId })
      spans.set(trace, tracer.startSpan(`latchkey ${trace.name}`, { attributes }, context.active()))
    },
    end(trace) {
      const { name: endpoint, outcome = '', durationSeconds = 0, grantType } = trace
      duration.record(durationSeconds, prefixed({ endpoint, outcome }))
      const span = spans.get(trace)
      if (span === undefined) return
      span.setAttributes(prefixed(grantType === undefined ? { outcome } : { outcome, grant_type: grantType }))
      if (isOurs(outcome)) span.setStatus({ code: SpanStatusCode.ERROR, message: outcome })
      span.end()
    },
  })
}

/** Returns whether an outcome is an error of the server. A refused request is not. */
function isOurs(outcome: string): boolean {
  return outcome === 'server_error' || outcome === 'temporarily_unavailable'
}

function prefixed(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [`latchkey.${name}`, value]))
}
