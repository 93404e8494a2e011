// The servers that are compared: the name on the command line, the name in tables, the file, and of latchkey which way of mounting it.
export const servers = {
  bare: { title: 'bare Express', file: 'servers/bare.mjs' },
  latchkey: { title: 'latchkey', file: 'servers/latchkey.mjs' },
  'latchkey-front': { title: 'latchkey in front of Express', file: 'servers/latchkey.mjs', variant: 'front' },
  'latchkey-http': { title: 'latchkey on node:http', file: 'servers/latchkey.mjs', variant: 'http' },
}
