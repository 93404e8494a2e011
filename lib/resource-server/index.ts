export { createResourceServer, type ResourceServer } from './create-resource-server.js'
export type { RemoteIntrospectionOptions } from './remote-introspection.js'
export type { RemoteKeysOptions } from './remote-keys.js'
export type { ResourceServerOptions } from './resource-server-options.js'
