// Links as the site needs them. One that leaves docs/ leads to the page that is made of the file, or becomes its text. A page that is
// not in the package is named in the others by its path, `docs/adr/0001-dependencies.md`: that becomes a link.
import { existsSync } from 'node:fs'
import { posix } from 'node:path'

/** Files outside of docs/ that are pages of the site, and where. */
export const projectPages = {
  'CHANGELOG.md': 'project/changelog.md',
  'CONTRIBUTING.md': 'project/contributing.md',
  'README.md': 'index.md',
  'SECURITY.md': 'project/security-policy.md',
}

/** Returns where a link of a page leads on the site, or undefined if it leads to nothing there. `page` is relative to docs/. */
export function linkOnSite(page, link) {
  const [path, anchor] = link.split('#')
  if (/^[a-z]+:/.test(link) || link.startsWith('/') || path === '') return link
  const target = posix.join('docs', posix.dirname(page), path)
  const inDocs = target.startsWith('docs/') && /\.(?:md|html|png|svg)$/.test(target)
  if (inDocs) return link
  const projectPage = projectPages[target]
  if (projectPage === undefined) return undefined
  return posix.relative(posix.dirname(page), projectPage) + (anchor === undefined ? '' : `#${anchor}`)
}

/** A plugin of markdown-it. */
export function siteLinks(md) {
  md.core.ruler.push('site-links', ({ tokens, env, Token }) => {
    for (const token of tokens) {
      if (token.children) token.children = [...linked(token.children, env.relativePath, Token)]
    }
  })
}

function* linked(tokens, page, Token) {
  let isInLink = false
  let isText = false
  for (const token of tokens) {
    if (token.type === 'link_open') {
      const target = linkOnSite(page, token.attrGet('href'))
      isInLink = true
      isText = target === undefined
      if (!isText) token.attrSet('href', target)
    }
    const named = isInLink ? undefined : namedPage(token)
    if (named !== undefined) {
      const open = new Token('link_open', 'a', 1)
      open.attrSet('href', posix.relative(posix.dirname(page), named))
      yield* [open, token, new Token('link_close', 'a', -1)]
    } else if (!(isText && token.type.startsWith('link_'))) yield token
    if (token.type === 'link_close') isInLink = isText = false
  }
}

function namedPage({ type, content }) {
  if (type !== 'code_inline' || !/^docs\/[\w/-]+\.md$/.test(content)) return undefined
  return existsSync(new URL(`../../${content}`, import.meta.url)) ? content.slice('docs/'.length) : undefined
}
