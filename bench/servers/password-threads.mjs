// bcryptjs in as many threads as there are processors, a password at a time in each: what hashing alone allows.
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import bcrypt from 'bcryptjs'

/** A function that verifies the password in the next thread that is free. */
export function passwordThreads(password, hash) {
  const idle = Array.from({ length: availableParallelism() }, () => new Worker(new URL(import.meta.url)))
  const waiting = []
  return () => new Promise((resolve) => (waiting.push(resolve), work()))

  function work() {
    if (idle.length === 0 || waiting.length === 0) return
    const [thread, resolve] = [idle.pop(), waiting.shift()]
    thread.once('message', (matches) => {
      idle.push(thread)
      work()
      resolve(matches)
    })
    thread.postMessage({ password, hash })
  }
}

if (!isMainThread) {
  parentPort.on('message', ({ password, hash }) => parentPort.postMessage(bcrypt.compareSync(password, hash)))
}
