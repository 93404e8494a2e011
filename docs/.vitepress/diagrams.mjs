/** A plugin of markdown-it: blocks of Mermaid become the component that draws them. */
export function diagrams(md) {
  const { fence } = md.renderer.rules
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const { info, content } = tokens[index]
    if (info.trim() !== 'mermaid') return fence(tokens, index, ...rest)
    return `<MermaidDiagram source="${encodeURIComponent(content)}" />`
  }
}
