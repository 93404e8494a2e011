// The site of `npm run docs`; nothing in it is fetched from elsewhere. See docs/adr/0036-the-site-of-the-docs.md.
import { defineConfig } from 'vitepress'
import { diagrams } from './diagrams.mjs'
import { siteLinks } from './links.mjs'
import { sidebar } from './sidebar.mjs'
import { slug } from './slug.mjs'

export default defineConfig({
  title: 'latchkey',
  description: 'An OAuth 2.0 token endpoint and Bearer-token guard for your Express app',
  // Any folder of any file server shows it.
  base: process.env.DOCS_BASE ?? '/',
  srcExclude: ['store-template/**'],
  markdown: {
    anchor: { slugify: slug },
    // Code in doc comments of the API is TypeScript; nothing here is a template of Vue.
    config: (md) => void md.use(siteLinks).use(diagrams),
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Options', link: '/options' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
  },
})
