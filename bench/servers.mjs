// The servers that are compared: the name on the command line, the name in tables, and the file that makes it.
const latchkey = (title, variant) => ({ title, file: 'servers/latchkey.mjs', variant, isOurs: true })
const guard = (name) => ({ title: name, file: 'peers/guards.mjs', variant: name })

export const servers = {
  bare: { title: 'bare Express', file: 'servers/bare.mjs' },
  crypto: { title: 'bare Express + cryptography', file: 'servers/crypto.mjs' },
  'hash-alone': { title: 'the hash alone, bcryptjs', file: 'servers/crypto.mjs' },
  'hash-alone-native': { title: 'the hash alone, bcrypt', file: 'servers/crypto.mjs', variant: 'native' },
  latchkey: latchkey('latchkey'),
  'latchkey-front': latchkey('latchkey in front of Express', 'front'),
  'latchkey-http': latchkey('latchkey on node:http', 'http'),
  'latchkey-resource': latchkey('latchkey/resource-server', 'resource'),
  'latchkey-native': latchkey('latchkey with bcrypt', 'native'),
  'latchkey-plain': latchkey('latchkey without a hash', 'plain'),
  'latchkey-addresses': latchkey('latchkey', 'addresses'),
  'node-oauth': { title: '@node-oauth/express-oauth-server', file: 'peers/node-oauth.mjs' },
  oauth2orize: { title: 'oauth2orize + Passport', file: 'peers/oauth2orize.mjs' },
  'passport-http-bearer': { title: 'passport-http-bearer', file: 'peers/oauth2orize.mjs' },
  jmondi: { title: '@jmondi/oauth2-server', file: 'peers/jmondi.mjs' },
  'oidc-provider': { title: 'oidc-provider', file: 'peers/oidc-provider.mjs' },
  'express-jwt': guard('express-jwt'),
  'passport-jwt': guard('passport-jwt'),
  'express-oauth2-jwt-bearer': guard('express-oauth2-jwt-bearer'),
  raw: { title: 'a socket that parses nothing', file: 'servers/raw.mjs' },
}
