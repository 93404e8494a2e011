// No server outlives the process that started it, however that ends.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'

// Reads the id of the server from its standard input: an empty line while there is none. The input ends with the process at
// its other side, also with one that was killed. The processes of a server may write for a moment after its end.
const script = `
while read -r line; do pid=$line; done
[ -z "$pid" ] || kill -s "$2" "$pid"
for pause in 0 1 3; do sleep $pause; rm -rf -- "$1" && break; done
`

const guarded = new Set()
process.on('exit', () => {
  for (const endNow of guarded) endNow()
})

/** Watches over a server and its folder: `watch(pid)` tells the server's process, `dismiss()` that all is cleaned up. */
export function guard(folder, endSignal) {
  const shell = spawn('sh', ['-c', script, 'sh', folder, endSignal.replace('SIG', '')], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // Neither may keep our process from ending; without a shell there is still the listener above.
  shell.on('error', () => {}).unref()
  shell.stdin.on('error', () => {}).unref()

  let pid
  guarded.add(endNow)
  return {
    watch(id) {
      pid = id
      shell.stdin.write(`${pid ?? ''}\n`)
    },
    dismiss() {
      guarded.delete(endNow)
      shell.stdin.end()
    },
  }

  function endNow() {
    try {
      if (pid !== undefined) process.kill(pid, endSignal)
    } catch {
      // It has ended by itself.
    }
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    } catch {
      // Its processes still write: the shell tries again.
    }
  }
}
