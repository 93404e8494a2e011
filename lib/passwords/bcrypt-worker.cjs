'use strict'

// Written by hand as CommonJS: run by a worker pool it does jobs. Loaded by the library it only exports.

const { parentPort, workerData } = require('node:worker_threads')

/** JavaScript that a worker runs. The build puts the text of this file and of bcryptjs in its place. */
module.exports.workerCode = `require(${JSON.stringify(__filename)})`

/** Does one job; `bcrypt` is the module, a parameter so that tests can count what is asked of it. */
module.exports.answerJob = answerJob

// Not `isMainThread`: the application, or its test runner, may itself live in a worker thread.
if (workerData === 'latchkey worker') {
  const bcrypt = require('bcryptjs')
  parentPort.on('message', (job) => {
    parentPort.postMessage(answerJob(job, bcrypt))
  })
}

function answerJob(job, bcrypt) {
  return job.kind === 'hash' ? bcrypt.hashSync(job.password, job.cost) : verify(job, bcrypt)
}

function verify({ password, passwordHash, cost }, bcrypt) {
  const matches = bcrypt.compareSync(password, passwordHash)
  // A hash of a lower cost is quicker to verify, which would tell its user from one who does not exist. The missing rounds
  // are made up exactly: 2^c + (2^c + 2^(c+1) + … + 2^(cost-1)) = 2^cost.
  for (let spent = bcrypt.getRounds(passwordHash); spent < cost; spent += 1) {
    bcrypt.hashSync(password, `$2b$${String(spent).padStart(2, '0')}$${'.'.repeat(22)}`)
  }
  return matches
}
