import { markup, type Markup } from './markup.js'

/** The time of day on this machine, with seconds; `at` is in milliseconds since the epoch. */
export function timeOfDay(at: number): Markup {
  return timeElement(at, new Date(at).toLocaleTimeString('en-GB'))
}

/** A date and a time, to the minute. */
export function dateAndTime(at: number): Markup {
  const date = new Date(at)
  const day = date.toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' })
  return timeElement(at, `${day} at ${date.toISOString().slice(11, 16)} UTC`)
}

/** How long ago it was, in the largest unit that fits. */
export function timeAgo(at: number): Markup {
  const minutes = Math.floor((Date.now() - at) / 60_000)
  const format = new Intl.RelativeTimeFormat('en')
  if (minutes < 1) return timeElement(at, 'just now')
  if (minutes < 60) return timeElement(at, format.format(-minutes, 'minute'))
  if (minutes < 24 * 60) return timeElement(at, format.format(-Math.floor(minutes / 60), 'hour'))
  return timeElement(at, format.format(-Math.floor(minutes / (24 * 60)), 'day'))
}

function timeElement(at: number, text: string): Markup {
  return markup`<time datetime="${new Date(at).toISOString().slice(0, 19)}Z">${text}</time>`
}
