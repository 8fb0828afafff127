import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { lineAt, readSources, repositoryFiles } from './source.ts'

const rooms = '(?:app|cli|components|deploy|docs|e2e|lib|local|prisma|public|testing|\\.ci)'
/** A path of this repository, as a document writes it in `code`. */
const namedInDocument = new RegExp(`^${rooms}/[\\w.@()[\\]/-]*$`)
/** A path of this repository in a comment. Patterns such as `lib/*` and `local/<command>.ts` do not count. */
const namedInComment = new RegExp(`(?<![\\w./#@:-])${rooms}/[\\w.@()[\\]/-]*(?![\\w*<{$…])`, 'g')
/** kubectl's short name for a Deployment: `deploy/api`. */
const deployment = /^deploy\/[\w-]+$/
/** A file name without its folder. */
const bareName = /(?<![\w./#@:*<>-])[a-z][\w-]*(?:\.(?:test|testing|spec|db|cluster|chaos))*\.(?:tsx?|mjs)(?![\w*])/g
/** Generated files, which documents may name although they are not in the repository. */
const generated = /^(lib\/adapters\/db\/generated|\.next|\.postern)\b/

const isDocument = (path: string) => /^[^/]+\.md$|^docs\/.*\.md$/.test(path)

function pathsInDocument(text: string, folder: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '')
  const links = [...prose.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/i.test(target))
    .map((target) => (target.startsWith('/') ? target.slice(1) : join(folder, target)))
  const code = [...prose.matchAll(/`([^`\s]+)`/g)]
    .map(([, word = '']) => word.replace(/[.,;:]$/, ''))
    .filter((word) => namedInDocument.test(word))
  return [...links, ...code]
}

type Comment = { path: string; line: number; text: string }

/** Comments in code, documents, the database schema, style sheets and YAML. */
function commentsOf(checkout: string, files: readonly string[]): Comment[] {
  const ofCode = readSources(checkout).flatMap(({ path, text, comments }) =>
    comments.map(({ value, start }) => ({ path, line: lineAt(text, start), text: value })),
  )
  const others = files.filter((path) => /\.(prisma|css|ya?ml)$/.test(path))
  const ofDocuments = files.filter(isDocument).flatMap((path) => {
    const text = readFileSync(join(checkout, path), 'utf8')
    return [...text.matchAll(/<!--([\s\S]*?)-->/g)].map(({ 1: comment = '', index }) => {
      return { path, line: lineAt(text, index), text: comment }
    })
  })
  const ofOthers = others.flatMap((path) =>
    readFileSync(join(checkout, path), 'utf8')
      .split('\n')
      .flatMap((line, at) => {
        const [, text] = /(?:^|\s)(?:#|\/\/\/?|\/\*)\s(.*)/.exec(line) ?? []
        return text === undefined ? [] : [{ path, line: at + 1, text }]
      }),
  )
  return [...ofCode, ...ofDocuments, ...ofOthers]
}

const withoutDot = (path: string) => path.replace(/[.,;:)\]]+$/, '')

/** Links and paths in documents and comments that do not exist, each with the file that contains it. */
export function brokenPaths(checkout: string): string[] {
  const files = repositoryFiles(checkout)
  const exists = (path: string) => generated.test(path) || existsSync(join(checkout, path))
  /** vitest's filters are prefixes of file names. */
  const isPrefix = (path: string) => files.some((file) => file.startsWith(`${path}.`))
  const inDocuments = files.filter(isDocument).flatMap((document) =>
    pathsInDocument(readFileSync(join(checkout, document), 'utf8'), dirname(document))
      .filter((path) => !exists(path))
      .map((path) => `${document} names ${relative('.', path)}, which does not exist`),
  )
  const names = new Set(files.map((file) => basename(file)))
  const inComments = commentsOf(checkout, files).flatMap(({ path, line, text }) => {
    const paths = [...text.matchAll(namedInComment)]
      .map(([found]) => found)
      .filter(
        (found) =>
          !exists(found) && !exists(withoutDot(found)) && !isPrefix(withoutDot(found)) && !deployment.test(found),
      )
    const bare = [...text.matchAll(bareName)].map(([found]) => found).filter((found) => !names.has(found))
    return [...paths.map(withoutDot), ...bare].map((found) => `${path}:${line} names ${found}, which does not exist`)
  })
  return [...inDocuments, ...inComments]
}
