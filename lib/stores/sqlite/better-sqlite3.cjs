'use strict'

// CommonJS in both builds: `require` looks for the optional package from here, where the application's packages are found,
// and only when it is needed. Bundlers go on without a package that is required in a `try`.
exports.loadBetterSqlite3 = () => {
  try {
    return require('better-sqlite3')
  } catch (error) {
    throw error
  }
}
