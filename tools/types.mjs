// Type-checks every TypeScript project of the repository; nothing is emitted. The example app sees the package as its users
// do, through dist/: build first.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const tsc = fileURLToPath(import.meta.resolve('typescript/lib/tsc.js'))
const root = fileURLToPath(new URL('..', import.meta.url))

for (const folder of ['.', 'test', 'example-app', 'bench']) {
  const project = `${folder}/tsconfig.json`
  if (!existsSync(new URL(`../${project}`, import.meta.url))) continue
  const options = ['--project', project, '--noEmit', '--pretty']
  const { status } = spawnSync(process.execPath, [tsc, ...options], { cwd: root, stdio: 'inherit' })
  console.log(`${project}: ${status === 0 ? 'no type errors' : 'has type errors'}`)
  if (status !== 0) process.exitCode = 1
}
