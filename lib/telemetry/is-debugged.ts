import { debuglog } from 'node:util'

/** Whether the process was started with `NODE_DEBUG=latchkey`, or with a list or a pattern that has it. */
export const isDebugged: boolean = debuglog('latchkey').enabled
