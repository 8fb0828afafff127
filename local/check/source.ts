import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ParseResult, parseSync } from 'vite'

/** Installed, built and generated files are not checked. */
const skipped = /^(\.(?!ci$).*|node_modules|test-results|playwright-report|generated)$/

/** Every file of the repository, as a path from its root. */
export function repositoryFiles(checkout: string, folder = ''): string[] {
  return readdirSync(join(checkout, folder), { withFileTypes: true }).flatMap((entry) => {
    if (skipped.test(entry.name)) return []
    const path = folder ? `${folder}/${entry.name}` : entry.name
    return entry.isDirectory() ? repositoryFiles(checkout, path) : [path]
  })
}

const isSource = (path: string) =>
  /\.(ts|tsx|mts|js|mjs)$/.test(path) && !path.endsWith('.d.ts') && path !== 'prisma/schema-engine.mjs'

export type Source = { path: string; text: string } & Pick<ParseResult, 'program' | 'module' | 'comments'>

/** @throws Error when the text is not TypeScript or JavaScript */
export function parseSource(path: string, text: string): Source {
  const { program, module, comments, errors } = parseSync(path, text)
  if (errors[0]) throw new Error(`${path} cannot be parsed: ${errors[0].message}`)
  return { path, text, program, module, comments }
}

/** Every source file of the repository, parsed. */
export const readSources = (checkout: string): Source[] =>
  repositoryFiles(checkout)
    .filter(isSource)
    .map((path) => parseSource(path, readFileSync(join(checkout, path), 'utf8')))

/** Files that only tests load. They never ship, so the rules for production code do not apply to them. */
export const isTestFile = (path: string): boolean => /\.(test|testing|spec)\.tsx?$/.test(path)

export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length

/** A node of the syntax tree. Its fields depend on its type. */
export type Node = { type: string; start: number; end: number } & Record<string, unknown>

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

/** Calls `visit` for the node and its descendants. If `visit` returns false, the descendants of that node are skipped. */
export function walk(value: unknown, visit: (node: Node) => boolean | undefined): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit)
    return
  }
  if (!isNode(value) || visit(value) === false) return
  for (const child of Object.values(value)) if (typeof child === 'object') walk(child, visit)
}
