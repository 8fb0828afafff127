// Reads the documents of files and directories. Files are read as streams, because one may be larger than memory.
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, normalize, resolve } from 'node:path'
import { DocumentSplitter, type DocumentText } from '#lib/core/check/documents'
import { fileErrorMessage, notUtf8 } from '../file-error.ts'
import { type Exclusions, exclusionsOf, isExcluded, readIgnoreFile } from './exclusions.ts'
import { type Kustomization, kustomizationNames, planBuilds, readKustomization } from './kustomizations.ts'
import { NotRendered, type Renderer, render } from './render.ts'

export const standardInput = '-'
export const standardInputName = '<stdin>'

/**
 * A document, or why a file could not be read. `renderer`: the document is output of that program, and `file` is what it
 * was rendered from.
 */
export type Piece =
  | { file: string; document: DocumentText; renderer: Renderer | null }
  | { file: string; problem: string }
  | { excluded: string }

export type ReadOptions = {
  /** Patterns in the syntax of .gitignore. */
  exclude: readonly string[]
  /** The namespace to render charts for. */
  namespace: string | null
}

const manifestName = /\.(ya?ml|json)$/i
/** Directories without manifests of the project itself. They are read only if they are named. */
const skipped = new Set(['.git', 'node_modules'])

async function* documentsOf(
  file: string,
  bytes: AsyncIterable<Buffer>,
  renderer: Renderer | null,
): AsyncGenerator<Piece> {
  const splitter = new DocumentSplitter()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let isEmpty = true
  try {
    for await (const chunk of bytes) {
      if (chunk.length > 0) isEmpty = false
      // UTF-16 has zero bytes between the letters, which would hide every keyword.
      if (chunk.includes(0)) throw Object.assign(new Error('a zero byte'), { code: notUtf8 })
      for (const document of splitter.push(decoder.decode(chunk, { stream: true }))) yield { file, document, renderer }
    }
    for (const document of splitter.push(decoder.decode())) yield { file, document, renderer }
    for (const document of splitter.end()) yield { file, document, renderer }
  } catch (error) {
    const problem = error instanceof NotRendered ? `not checked: ${error.message}` : fileErrorMessage(error)
    yield { file, problem }
  }
  // Empty input usually means that the command before the pipe failed.
  if (isEmpty && file === standardInputName) yield { file, problem: 'no input' }
}

/** Bytes. Files of up to this size are read at once, which takes a third of the time. */
const smallFile = 1024 * 1024

async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  const found = statSync(file)
  if (found.isFile() && found.size <= smallFile) yield readFileSync(file)
  else yield* createReadStream(file)
}

/** A file to read, or something to render. `file` names it in reports. */
type Source = { file: string; render: { renderer: Renderer; directory: string } | null }

/** A library chart renders nothing by itself. */
const isLibrary = async (chart: string) => /^type:[ \t]*["']?library\b/m.test(await readFile(chart, 'utf8'))

/** The manifests in and below directories, in order of name. A directory is read once, however many links lead to it. */
class Walk {
  readonly #visited = new Set<string>()
  readonly #options: ReadOptions

  constructor(options: ReadOptions) {
    this.#options = options
  }

  async *sourcesOf(path: string): AsyncGenerator<Source | Piece> {
    try {
      const found = await stat(path)
      if (!found.isDirectory()) {
        yield { file: normalize(path), render: null }
        return
      }
      const directory = normalize(path)
      const { exclude } = this.#options
      const exclusions = [exclusionsOf(directory, exclude), exclusionsOf('.', exclude)]
      const kustomizations: Kustomization[] = []
      await this.#findKustomizations(directory, exclusions, new Set(), kustomizations)
      const { roots, parts } = planBuilds(kustomizations)
      let isEmpty = true
      for await (const source of this.#sourcesIn(directory, exclusions, { roots, parts })) {
        isEmpty = false
        yield source
      }
      if (isEmpty) yield { file: path, problem: 'contains no .yaml, .yml or .json files' }
    } catch (error) {
      yield { file: path, problem: fileErrorMessage(error) }
    }
  }

  async *#sourcesIn(
    directory: string,
    outer: readonly Exclusions[],
    builds: ReturnType<typeof planBuilds>,
  ): AsyncGenerator<Source | Piece> {
    const real = await realpath(directory)
    if (this.#visited.has(real)) return
    this.#visited.add(real)
    const exclusions = await withIgnoreFile(directory, outer)
    const entries = new Map((await readdir(directory, { withFileTypes: true })).map((entry) => [entry.name, entry]))
    const names = [...entries.keys()].sort()
    const chart = join(directory, 'Chart.yaml')
    const isChart = names.includes('Chart.yaml') && !isExcluded(chart, false, exclusions)
    if (isChart && !(await isLibrary(chart))) yield { file: chart, render: { renderer: 'helm', directory } }
    const root = builds.roots.find((one) => one.directory === directory)
    if (root) yield { file: root.file, render: { renderer: 'kustomize', directory } }
    for (const name of names) {
      const path = join(directory, name)
      try {
        const entry = entries.get(name)
        const found = entry?.isFile() || entry?.isDirectory() ? entry : await stat(path)
        const isDirectory = found.isDirectory()
        const isRead = isDirectory ? !skipped.has(name) : found.isFile() && manifestName.test(name)
        // What a chart or a kustomization consists of is checked as it is rendered.
        const isRendered = isDirectory ? isChart && /^(templates|charts)$/.test(name) : builds.parts.has(resolve(path))
        if (!isRead || isRendered) continue
        if (isExcluded(path, isDirectory, exclusions)) yield { excluded: path }
        else if (isDirectory) yield* this.#sourcesIn(path, exclusions, builds)
        else yield { file: path, render: null }
      } catch (error) {
        yield { file: path, problem: fileErrorMessage(error) }
      }
    }
  }

  /** What cannot be read is reported when the directory is read. */
  async #findKustomizations(
    directory: string,
    outer: readonly Exclusions[],
    visited: Set<string>,
    found: Kustomization[],
  ) {
    const real = await realpath(directory).catch(() => null)
    if (real === null || visited.has(real) || this.#visited.has(real)) return
    visited.add(real)
    const exclusions = await withIgnoreFile(directory, outer).catch(() => outer)
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
    const named = entries.find(({ name }) => kustomizationNames.includes(name))
    if (named && !isExcluded(join(directory, named.name), false, exclusions))
      found.push(await readKustomization(directory, named.name))
    for (const entry of entries) {
      const path = join(directory, entry.name)
      const mayBeDirectory = entry.isDirectory() || entry.isSymbolicLink()
      if (!mayBeDirectory || skipped.has(entry.name) || isExcluded(path, true, exclusions)) continue
      await this.#findKustomizations(path, exclusions, visited, found)
    }
  }
}

async function withIgnoreFile(directory: string, outer: readonly Exclusions[]): Promise<readonly Exclusions[]> {
  const own = await readIgnoreFile(directory)
  return own ? [...outer, own] : outer
}

/**
 * Every document of the files and directories, in their order. `-` is standard input.
 * @param input the stream of standard input
 */
export async function* readPaths(
  paths: readonly string[],
  input: AsyncIterable<Buffer>,
  options: ReadOptions,
): AsyncGenerator<Piece> {
  const walk = new Walk(options)
  for (const path of paths) {
    if (path === standardInput) {
      yield* documentsOf(standardInputName, input, null)
      continue
    }
    for await (const source of walk.sourcesOf(path)) {
      if (!('render' in source)) yield source
      else if (!source.render) yield* documentsOf(source.file, bytesOf(source.file), null)
      else {
        const { renderer, directory } = source.render
        yield* documentsOf(source.file, render(renderer, directory, options.namespace), renderer)
      }
    }
  }
}
