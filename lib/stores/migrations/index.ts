export { printMigrations, type PrintMigrationsOptions, type SqlDialect } from './print-migrations.js'
