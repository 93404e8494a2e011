'use strict'

const { resolve } = require('node:path')
const webpack = require('webpack')

const [, , entry, path, filename] = process.argv
const options = {
  mode: 'production',
  target: 'node20',
  entry: resolve(entry),
  output: { path: resolve(path), filename },
  // What takes the most time, and changes nothing here.
  optimization: { minimize: false },
}

webpack(options, (error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString('errors-only'))
})
