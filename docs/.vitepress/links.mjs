// Links that leave docs/: to a page of the site if the file is one there, else the text of the link alone.
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
  md.core.ruler.push('site-links', ({ tokens, env }) => {
    for (const { children } of tokens) if (children) mend(children, env.relativePath)
  })
}

function mend(tokens, page) {
  let isText = false
  for (const token of tokens) {
    if (token.type === 'link_open') {
      const target = linkOnSite(page, token.attrGet('href'))
      isText = target === undefined
      if (!isText) token.attrSet('href', target)
    }
    if (isText && token.type.startsWith('link_')) Object.assign(token, { type: 'text', content: '', attrs: null })
  }
}
