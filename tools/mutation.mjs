// Mutation testing of the parts that the standard is about: `npm run mutation`, or `npm run mutation -- tokens protocol`.
//
// Group by group, for each needs only the tests that are about it: all of them for every change would take a day. What is told is
// therefore the least: other tests notice more. Ends with 1 when one of the folders is below 90 %.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { Stryker } from '@stryker-mutator/core'

const LEAST = 90

/** Groups of files in `lib`, and the tests that judge them. */
const groups = {
  bearer: {
    files: ['bearer/*'],
    tests: ['unit/bearer/*', 'unit/protocol/scope', 'unit/configuration', 'conformance/bearer-*', 'conformance/scope'],
  },
  'client-auth': {
    files: ['client-auth/*'],
    tests: [
      'unit/client-auth/*',
      'unit/protocol/properties',
      'conformance/{client-auth*,client-secrets,order-of-checks,failures,http-texts}',
      'integration/{events,passport-client-parity}',
    ],
  },
  clients: {
    files: ['clients/*'],
    tests: [
      'unit/clients/*',
      'unit/configuration',
      'conformance/{client-auth*,client-secrets}',
      'integration/client-secret-*',
    ],
  },
  grants: {
    files: ['grants/*'],
    tests: [
      'unit/configuration',
      'conformance/{client-credentials-grant,extension-grant,order-of-checks,password-*,posture,refresh-token-*}',
      'conformance/{resource-indicators,scope,throttle-users,token-lifetime,verifying-users}',
      'integration/{authorizations,events,password-rehash}',
    ],
  },
  protocol: {
    files: ['protocol/*'],
    tests: [
      'unit/protocol/*',
      'unit/client-auth/*',
      'unit/configuration',
      'conformance/{body-parsers,http-body,http-texts,password-sunset,resource-indicators,scope}',
    ],
  },
  request: {
    files: ['request/*'],
    tests: [
      'unit/configuration',
      'unit/telemetry/*',
      'conformance/{failures,request-time}',
      'integration/{request-id,request-timeout,request-traces}',
    ],
  },
  'jose/keys': {
    files: ['jose/{load-signing-keys,signing-key,signing-key-set}'],
    tests: [
      'unit/jose/load-signing-keys',
      'unit/configuration',
      'conformance/{jwt-attacks,server-metadata,signing-keys}',
    ],
  },
  'jose/stored-keys': {
    files: ['jose/stored-signing-keys'],
    tests: ['unit/jose/stored-signing-keys', 'conformance/signing-keys'],
  },
  'jose/jwt': {
    files: ['jose/{jwt,verified-jwts}'],
    tests: [
      'unit/jose/{jwt,verified-jwts}',
      'conformance/{bearer-store-failures,jwt-attacks,remembered-jwts,token-lifetime}',
    ],
  },
  'tokens/verifying': {
    files: ['tokens/{access-token-claims,verify-access-token}'],
    tests: [
      'unit/tokens/access-token-claims',
      'conformance/{bearer-store-failures,opaque-tokens,remembered-jwts,token-lifetime}',
    ],
  },
  'tokens/issuing': {
    files: ['tokens/{access-token,issue-tokens,lifetimes,opaque-token,rotate-tokens,successor-tokens,tokens-revoked}'],
    tests: [
      'unit/tokens/access-token',
      'conformance/{client-credentials-grant,extension-grant,jwt-access-token,opaque-tokens,password-grant,refresh-token-*}',
      'conformance/{resource-indicators,revocation,token-lifetime}',
      'integration/{authorizations,events}',
    ],
  },
}

const wanted = process.argv.slice(2)
const isWanted = (group) => wanted.length === 0 || wanted.some((name) => group === name || group.startsWith(`${name}/`))
const judged = []
for (const [group, { files, tests }] of Object.entries(groups).filter(([name]) => isWanted(name))) {
  console.log(`\n${group}`)
  const fileName = `reports/mutation/${group.replace('/', '-')}`
  const stryker = new Stryker({
    mutate: files.map((file) => `lib/${file}.ts`),
    testFiles: tests.map((test) => `test/${test}.test.ts`),
    jsonReporter: { fileName: `${fileName}.json` },
    htmlReporter: { fileName: `${fileName}.html` },
  })
  await stryker.runMutationTest()
  judged.push(...mutantsIn(`${fileName}.json`))
}

for (const mutant of judged.filter(isMissed)) console.log(describe(mutant))
console.log('\nFolder          noticed      of   score')
for (const folder of new Set(judged.map(folderOf))) {
  const all = judged.filter((mutant) => folderOf(mutant) === folder)
  const missed = all.filter(isMissed).length
  const score = (100 * (all.length - missed)) / all.length
  if (score < LEAST) process.exitCode = 1
  console.log(
    [
      folder.padEnd(12),
      ...[all.length - missed, all.length].map((n) => String(n).padStart(7)),
      `${score.toFixed(1).padStart(6)} %`,
    ].join(' '),
  )
}

/** The changes that count: not those of constants, which are made once for all tests. */
function mutantsIn(report) {
  const { files } = JSON.parse(readFileSync(report, 'utf8'))
  return Object.entries(files).flatMap(([file, { source, mutants }]) =>
    mutants
      .filter(({ status }) => !['Ignored', 'CompileError', 'RuntimeError'].includes(status))
      .map((mutant) => ({ ...mutant, file: relative('.', file), lines: source.split('\n') })),
  )
}

function folderOf({ file }) {
  return file.split('/')[1]
}

function isMissed({ status }) {
  return status === 'Survived' || status === 'NoCoverage'
}

function describe({ file, status, location: { start, end }, lines, replacement }) {
  const line = lines[start.line - 1]
  const before = line.slice(start.column - 1, start.line === end.line ? end.column - 1 : undefined)
  return `${file}:${start.line}:${start.column} ${status}: ${before} → ${replacement.replace(/\s+/g, ' ').slice(0, 100)}`
}
