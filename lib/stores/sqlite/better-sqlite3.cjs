'use strict'

// CommonJS in both builds: `require` looks for the optional package from here, where the application's packages are found,
// and only when it is needed.
exports.loadBetterSqlite3 = () => require('better-sqlite3')
