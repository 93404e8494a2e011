// An ECDSA signature is R and S. OpenSSL has them as DER, a JWS side by side, 32 octets each (RFC 7518 §3.4). Converted by hand, for
// asking Node to do it costs as much again as half of the signature on some of its versions.

const NUMBER_OCTETS = 32
const INTEGER = 0x02
const SEQUENCE = 0x30

/** The order of P-256, and its half: (R, S) and (R, order − S) are signatures of the same text. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const halfOrder = Buffer.from((order >> 1n).toString(16), 'hex')

/** Makes the signature of a JWS of what OpenSSL signed: always the one with the smaller S. */
export function joseSignature(der: Buffer): Buffer {
  const jose = Buffer.alloc(2 * NUMBER_OCTETS)
  // After the tag and the length of the sequence, and the tag of R.
  let length = 3
  for (const end of [NUMBER_OCTETS, 2 * NUMBER_OCTETS]) {
    const next = length + 1 + (der[length] ?? 0)
    // A number may have a leading zero, which is not significant, or be shorter.
    const start = Math.max(length + 1, next - NUMBER_OCTETS)
    jose.set(der.subarray(start, next), end - (next - start))
    length = next + 1
  }
  if (halfOrder.compare(jose, NUMBER_OCTETS) < 0) {
    const other = order - BigInt(`0x${jose.toString('hex', NUMBER_OCTETS)}`)
    jose.write(other.toString(16).padStart(2 * NUMBER_OCTETS, '0'), NUMBER_OCTETS, 'hex')
  }
  return jose
}

/** Makes of the signature of a JWS what OpenSSL verifies; `undefined` for one that has not 64 octets. */
export function derSignature(jose: Buffer): Buffer | undefined {
  if (jose.length !== 2 * NUMBER_OCTETS) return undefined
  const r = integer(jose.subarray(0, NUMBER_OCTETS))
  const s = integer(jose.subarray(NUMBER_OCTETS))
  return Buffer.concat([Buffer.of(SEQUENCE, r.length + s.length), r, s])
}

/** DER has no leading zeros but the one that keeps a number positive. */
function integer(octets: Buffer): Buffer {
  let start = 0
  while (start < octets.length - 1 && octets[start] === 0) start++
  const number = octets.subarray(start)
  const isNegative = (number[0] ?? 0) > 0x7f
  const header = isNegative ? [INTEGER, number.length + 1, 0] : [INTEGER, number.length]
  return Buffer.concat([Buffer.from(header), number])
}
