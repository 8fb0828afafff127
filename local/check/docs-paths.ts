import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** What a document may name in `code` and mean a file of this repository. */
const rooms = /^(app|cli|components|deploy|docs|e2e|lib|local|prisma|public|\.ci)\/[\w.@()[\]/-]*$/
/** What the repository does not hold, because it is made: documents may name it all the same. */
const made = /^(lib\/db\/generated|\.next|\.postern)\b/

function documents(checkout: string): string[] {
  const atRoot = readdirSync(checkout).filter((name) => name.endsWith('.md'))
  const inDocs = existsSync(join(checkout, 'docs'))
    ? readdirSync(join(checkout, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
    : []
  return [...atRoot, ...inDocs.map((name) => join('docs', name))]
}

function pathsIn(text: string, folder: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '')
  const links = [...prose.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/i.test(target))
    .map((target) => (target.startsWith('/') ? target.slice(1) : join(folder, target)))
  const code = [...prose.matchAll(/`([^`\s]+)`/g)]
    .map(([, word = '']) => word.replace(/[.,;:]$/, ''))
    .filter((word) => rooms.test(word))
  return [...links, ...code]
}

/** Links and paths in the documents that lead nowhere, each with the document that names it. */
export function brokenPaths(checkout: string): string[] {
  return documents(checkout).flatMap((document) => {
    const file = join(checkout, document)
    return pathsIn(readFileSync(file, 'utf8'), dirname(document))
      .filter((path) => !made.test(path) && !existsSync(join(checkout, path)))
      .map((path) => `${document} names ${relative('.', path)}, which is not there`)
  })
}
