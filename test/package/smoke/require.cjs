'use strict'

const manifest = require('latchkey/package.json')
const { smoke, subpathsOf } = require('./smoke.cjs')

smoke(require, subpathsOf(manifest)).then(() => console.log('works'))
