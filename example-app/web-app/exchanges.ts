import type { Exchange } from '../http-exchange.js'
import { readSettings } from '../settings.js'
import { markup, type Markup } from './markup.js'
import { rfcLinks } from './rfc-links.js'
import { timeOfDay } from './times.js'

/** The last exchanges of each browser, for the demo only: in production nothing is kept. */
const kept = new Map<string, readonly Exchange[]>()
const { isProduction } = readSettings()

/** Keeps the last eight exchanges of the browser with this session. */
export function noteFor(session = ''): ((exchange: Exchange) => void) | undefined {
  if (isProduction) return undefined
  return (exchange) => {
    // What a page requests again and again is shown once.
    const isNew = ({ line, request }: Exchange): boolean => line.startsWith('POST') || request !== exchange.request
    kept.set(session, [exchange, ...(kept.get(session)?.filter(isNew) ?? [])].slice(0, 8))
    const [oldest = ''] = kept.size > 1000 ? kept.keys() : []
    kept.delete(oldest)
  }
}

/** The panel "What just happened"; `undefined` before anything did, and in production. */
export function exchangesPanel(session = ''): Markup | undefined {
  const exchanges = kept.get(session)
  if (exchanges === undefined) return undefined
  return markup`<aside aria-labelledby="happened">
<h2 id="happened">What just happened</h2>
<p>What the web app’s server and the shop sent each other, the newest first. Only the demo shows it; secrets are masked.</p>
<div data-live="exchanges">${exchangeList(exchanges)}</div></aside>`
}

/** Exchanges as they are shown. */
export function exchangeList(exchanges: readonly Exchange[]): readonly Markup[] {
  return exchanges.map(({ at, step, line, status, request, answer }) => {
    const mark = markup`<b class="${status.startsWith('2') ? 'good' : 'bad'}">${status}</b>`
    return markup`<article>${timeOfDay(at)} ${rfcLinks(step)}<details><summary><code>${line}</code> ${mark}</summary>
<pre tabindex="0" aria-label="Request">${request}</pre><pre tabindex="0" aria-label="Answer">${answer}</pre></details></article>`
  })
}
