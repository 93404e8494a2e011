// The workloads: what is asked (`traffic`), of whom (`servers`), and what the servers need to know to be set up for it.
const tokenServers = ['bare', 'latchkey', 'latchkey-front', 'latchkey-http']

export const workloads = [
  {
    name: 'client-credentials',
    title: 'Client credentials, opaque token',
    traffic: 'clientCredentials',
    servers: tokenServers,
  },
]
