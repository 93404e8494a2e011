import { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describeValue } from '../checks/kind-of-value.js'

/** Why a key cannot be read, and what to do. */
export interface KeyFault {
  readonly problem: string
  readonly remedy: string
}

const remedy = 'Give it a private key as PEM, JWK or file'
const fromVariable = 'if it comes from an environment variable, set that'
const forHs256 = "for HS256 write { kty: 'oct', k: secret }, with at least 32 random bytes in base64url"

/** Shapes of texts that are given as keys, in the order in which they are tried. The text is trimmed. */
const shapes: readonly {
  readonly isLike: (text: string) => boolean
  readonly problem: string
  readonly remedy: string
}[] = [
  { isLike: (text) => text === '', problem: 'is an empty string', remedy: `${remedy}; ${fromVariable}` },
  {
    isLike: (text) => /^(["'`]).*\1$/s.test(text),
    problem: 'is in quotes',
    remedy: 'Remove the quotes: they belong to the shell or the file, not to the key',
  },
  {
    isLike: (text) => isPem(text) && /\\r?\\?n/.test(text),
    problem: 'has \\n as two characters instead of line breaks',
    remedy: String.raw`Write key.replaceAll('\\n', '\n')`,
  },
  {
    isLike: (text) => isPem(text) && !/-----BEGIN [A-Z0-9 ]+-----\s*[\r\n]/.test(text),
    problem: 'has lost its line breaks, or has spaces instead',
    remedy: 'Keep them: put the PEM into a file, or into the variable as Base64 and decode that',
  },
  {
    isLike: (text) => isPem(text) && !text.includes('-----END'),
    problem: 'is cut off: its last line, -----END ...-----, is missing',
    remedy: 'Give it the whole PEM',
  },
  {
    isLike: (text) => isPem(Buffer.from(text, 'base64').toString('latin1')),
    problem: 'is the Base64 of a PEM',
    remedy: "Decode it first: Buffer.from(key, 'base64').toString()",
  },
  {
    // Keys in DER are ASN.1 sequences, which begin like this in Base64.
    isLike: (text) => /^M[A-Za-z0-9+/=\s_-]{40,}$/.test(text),
    problem: 'is a PEM without its first and last line',
    remedy: 'Give it the whole PEM',
  },
  { isLike: (text) => text.startsWith('{'), problem: 'is not a JWK of a private key', remedy },
]

/** File names of keys. Nothing else of a text that cannot be read is shown: it may be a secret. */
const fileName = /^[^\s]{1,200}\.(?:pem|key|json|jwks?|der|p8|p12|pfx|crt|cer|pub|txt)$/i

/** Explains why a key cannot be read, and what to do. Repeats nothing of it, since it may be a real key. */
export function faultOfKey(given: unknown, passphrase: string | undefined, cause: unknown): KeyFault {
  if (given === undefined) return { problem: 'is undefined', remedy: `${remedy}; ${fromVariable}` }
  if (typeof given !== 'string') return objectFault(given)
  const text = given.trim()
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no key'
  return textFault(text, passphrase, code) ?? fileFault(text, passphrase, code)
}

/** Explains what is wrong with a text that looks like a key. */
function textFault(text: string, passphrase: string | undefined, code: string): KeyFault | undefined {
  return shapes.find(({ isLike }) => isLike(text)) ?? (isPem(text) ? pemFault(text, passphrase, code) : undefined)
}

function objectFault(given: unknown): KeyFault {
  if (given instanceof Uint8Array) return { problem: 'is bytes', remedy: 'For a PEM write key.toString()' }
  const { kty, d } = Object(given) as Readonly<Record<string, unknown>>
  if (kty === undefined || given instanceof KeyObject)
    return { problem: `is ${describeValue(given)} that is not a private key`, remedy }
  if (kty !== 'oct' && d === undefined)
    return { problem: 'is a public JWK, without d', remedy: 'Give it the private key' }
  return { problem: 'is a damaged JWK, or of an unsupported kind', remedy: 'Give it RSA, EC P-256 or Ed25519' }
}

function pemFault(text: string, passphrase: string | undefined, code: string): KeyFault {
  const [, kind = ''] = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text) ?? []
  if (!kind.endsWith('PRIVATE KEY'))
    return { problem: `is a ${kind.toLowerCase()}, not a private key`, remedy: 'Give it the private key' }
  if (text.includes('ENCRYPTED')) {
    return passphrase === undefined
      ? { problem: 'is encrypted', remedy: 'Give its passphrase: { key, passphrase }' }
      : { problem: `is encrypted, and the passphrase is wrong (${code})`, remedy: 'Give the right one' }
  }
  const problem = `is a damaged PEM, or of an unsupported kind (${code})`
  return { problem, remedy: 'Give it RSA, EC P-256 or Ed25519 as PEM' }
}

/** Explains why a text that is neither PEM nor JSON, and so names a file, cannot be read. */
function fileFault(text: string, passphrase: string | undefined, code: string): KeyFault {
  const isName = fileName.test(text)
  const file = isName ? `the file ${text}` : 'the file'
  switch (code) {
    case 'ENOENT':
    case 'ENAMETOOLONG':
    case 'ENOTDIR':
      return isName
        ? {
            problem: `is the name of a file that does not exist: ${text}`,
            remedy: 'The path is relative to where the process was started; write an absolute path',
          }
        : { problem: 'is neither a PEM nor the name of a file', remedy: `${remedy}; ${forHs256}` }
    case 'EISDIR':
      return { problem: 'is the name of a folder', remedy: 'Name the file in it that holds the key' }
    case 'EACCES':
    case 'EPERM':
      return {
        problem: `${file} may not be read by this process (${code})`,
        remedy: 'Let the user of this process read it',
      }
    default:
      return contentFault(text, file, passphrase, code)
  }
}

/** Explains what is wrong with the content of a file. */
function contentFault(name: string, file: string, passphrase: string | undefined, code: string): KeyFault {
  const content = readFileSync(name)
  if (content[0] === 0x30 && content.length > 40)
    return { problem: `${file} is DER, not PEM`, remedy: 'Write it as PEM: openssl pkey -inform der -in <file>' }
  const fault = content.length === 0 ? undefined : textFault(content.toString().trim(), passphrase, code)
  if (fault !== undefined) return { problem: `${file} ${fault.problem}`, remedy: fault.remedy }
  const problem = content.length === 0 ? `${file} is empty` : `${file} is neither PEM nor JWK`
  return { problem, remedy: 'Put a private key into it' }
}

function isPem(text: string): boolean {
  return text.includes('-----BEGIN')
}
