const rest = 'abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e'

/** Stored strings that are not bcrypt hashes we verify, each with a name for the test; none of them may ever match. */
export const unreadableHashes: readonly (readonly [string, string])[] = [
  ['an empty string', ''],
  ['a plain password', 'correct horse'],
  ['the faulty variant $2x$', `$2x$04$${rest}`],
  ['the first variant $2$', `$2$04$${rest}`],
  ['an unknown variant', `$2c$04$${rest}`],
  ['a variant in capitals', `$2B$04$${rest}`],
  ['a cost of one digit', `$2b$4$${rest}`],
  ['a cost without digits', `$2b$xx$${rest}`],
  ['a cost below 4', `$2b$03$${rest}`],
  ['a cost that nobody waits for', `$2b$20$${rest}`],
  ['the highest cost', `$2b$31$${rest}`],
  ['a cost beyond the highest', `$2b$32$${rest}`],
  ['a hash cut short by one character', `$2b$04$${rest.slice(0, -1)}`],
  ['a hash with one character more', `$2b$04$${rest}e`],
  ['a newline behind', `$2b$04$${rest}\n`],
  ['a newline before', `\n$2b$04$${rest}`],
  ['a space behind', `$2b$04$${rest} `],
  ['a character outside the alphabet', `$2b$04$${rest.replace('/', '+')}`],
  ['only a salt', '$2b$04$abcdefghijklmnopqrstuu'],
  ['sha512crypt', `$6$abcdefgh$${'a'.repeat(86)}`],
  ['argon2', '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$GpZ3sK/oH9p7VIiV56G/64Zo/8GaUw434IimaPqxwCo'],
  ['a digest of a client secret', 'sha256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg'],
  ['nothing, from a store in JavaScript', null as unknown as string],
  ['an absent value, from a store in JavaScript', undefined as unknown as string],
]
