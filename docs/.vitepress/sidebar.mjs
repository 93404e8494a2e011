// The order of the pages. A page that does not exist is left out.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const docs = fileURLToPath(new URL('..', import.meta.url))

export const sections = [
  ['Start', 'start', 'choose-a-flow'],
  [
    'Your data',
    'users',
    'stores/index',
    'stores/sqlite',
    'stores/postgres',
    'stores/mysql',
    'stores/redis',
    'stores/your-own',
  ],
  ['Your API', 'guard-routes', 'clients', 'keys', 'devices', 'extend', 'leaving-the-password-grant'],
  ['Where it runs', 'frameworks', 'deploy'],
  ['For client developers', 'client-developers'],
  ['Operation', 'errors', 'observability', 'throttle', 'production'],
  ['Background', 'security', 'standards', 'comparison', 'migration', 'performance', 'conformance'],
  ['Reference', 'options', 'api/index'],
  ['Project', 'versions', 'project/changelog', 'project/contributing', 'project/security-policy'],
]

export function sidebar() {
  const groups = sections.map(([text, ...pages]) => group(text, pages))
  const decisions = readdirSync(`${docs}adr`).map((file) => `adr/${file.replace(/\.md$/, '')}`)
  return [...groups, { ...group('Decisions', decisions.sort()), collapsed: true }]
}

function group(text, pages) {
  const items = pages
    .filter((page) => existsSync(`${docs}${page}.md`))
    .map((page) => ({ text: titleOf(page), link: `/${page.replace(/(^|\/)index$/, '$1')}` }))
  return { text, items }
}

function titleOf(page) {
  if (page === 'api/index') return 'API'
  return /^# (.*)$/m.exec(readFileSync(`${docs}${page}.md`, 'utf8'))?.[1].replaceAll('`', '') ?? page
}
