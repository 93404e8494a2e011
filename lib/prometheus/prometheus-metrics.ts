import { Counter, Histogram, register as ownRegistry, type Registry } from 'prom-client'
import { describeOptions } from '../checks/describe-options.js'
import { flag, having, text } from '../checks/option-kind.js'
import { eventCounters, labelNames, labelsOf, durationBuckets, observe } from '../telemetry/metrics.js'

/** The options of {@link prometheusMetrics}. */
export interface PrometheusMetricsOptions {
  /** The registry of the metrics. Default the global registry of prom-client. */
  readonly register?: Registry
  /** The prefix of every name. Default `latchkey_`. */
  readonly prefix?: string
  /** Whether to count per client, by the label `client_id`. Default false, because there may be many clients. */
  readonly perClient?: boolean
}

const description = describeOptions<PrometheusMetricsOptions>()('prometheusMetrics', {
  register: having<Registry>('Registry').or(ownRegistry),
  prefix: text(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'letters, digits and underscores').or('latchkey_'),
  perClient: flag().or(false),
})

/**
 * Counts the events of all servers and guards of this process, and measures their requests, with prom-client. Returns a function that stops
 * it and removes the metrics from the registry.
 *
 * No label has a value that a client or a user can choose. Throws `ConfigurationError`, and the error of prom-client if a name is already
 * registered.
 *
 * @example
 * ```ts
 * import { register } from 'prom-client'
 *
 * prometheusMetrics() // once in each process
 * app.get('/metrics', async (req, res) => {
 *   res.type(register.contentType).send(await register.metrics())
 * })
 * ```
 */
export function prometheusMetrics(options: PrometheusMetricsOptions = {}): () => void {
  const { register, prefix, perClient } = description.read(options)

  const registers = [register]
  const counters = new Map(
    eventCounters.map((counter) => {
      const name = `${prefix}${counter.name}_total`
      const metric = new Counter({ name, help: counter.help, labelNames: labelNames(counter, perClient), registers })
      return [counter.type, { counter, metric, name }] as const
    }),
  )
  const durationName = `${prefix}request_duration_seconds`
  const duration = new Histogram({
    name: durationName,
    help: 'How long endpoints and guards took to decide, in seconds',
    labelNames: ['endpoint', 'outcome'],
    buckets: [...durationBuckets],
    registers,
  })

  const stop = observe({
    event(event) {
      const counted = counters.get(event.type)
      counted?.metric.inc(labelsOf(counted.counter, event, perClient))
    },
    end({ name, outcome = '', durationSeconds = 0 }) {
      duration.observe({ endpoint: name, outcome }, durationSeconds)
    },
  })
  return () => {
    stop()
    for (const { name } of counters.values()) register.removeSingleMetric(name)
    register.removeSingleMetric(durationName)
  }
}
