'use strict'

const { test } = require('@jest/globals')
const manifest = require('latchkey/package.json')
const { smoke, subpathsOf } = require('./smoke.cjs')

test('every entry loads, a user signs in, and the token is accepted here and at a resource server', async () => {
  await smoke(require, subpathsOf(manifest))
})
