const DAY = 86_400

/** Seconds as `Retry-After` has them (RFC 9110 §10.2.3): whole, from 1 to a day; 1 for what is no number. */
export function retryAfter(seconds: number): number {
  const whole = Math.ceil(seconds)
  return whole >= 1 ? Math.min(whole, DAY) : 1
}
