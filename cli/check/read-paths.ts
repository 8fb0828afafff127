// Reads the documents of files and directories. Files are read as streams, because one may be larger than memory.
import { createReadStream } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { DocumentSplitter, type DocumentText } from '#lib/core/check/documents'
import { fileErrorMessage, notUtf8 } from '../file-error.ts'

export const standardInput = '-'
export const standardInputName = '<stdin>'

/** A document, or why a file could not be read. */
export type Piece = { file: string; document: DocumentText } | { file: string; problem: string }

const manifestName = /\.(ya?ml|json)$/i
/** Directories without manifests of the project itself. They are read only if they are named. */
const skipped = new Set(['.git', 'node_modules'])

async function* documentsOf(file: string, bytes: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  const splitter = new DocumentSplitter()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let isEmpty = true
  try {
    for await (const chunk of bytes) {
      isEmpty = false
      // UTF-16 has zero bytes between the letters, which would hide every keyword.
      if (chunk.includes(0)) throw Object.assign(new Error('a zero byte'), { code: notUtf8 })
      for (const document of splitter.push(decoder.decode(chunk, { stream: true }))) yield { file, document }
    }
    for (const document of splitter.push(decoder.decode())) yield { file, document }
    for (const document of splitter.end()) yield { file, document }
  } catch (error) {
    yield { file, problem: fileErrorMessage(error) }
  }
  // Empty input usually means that the command before the pipe failed.
  if (isEmpty && file === standardInputName) yield { file, problem: 'no input' }
}

/** The manifests in and below a directory, in order of name. A directory is read once, however many links lead to it. */
async function* filesIn(directory: string, visited: Set<string>): AsyncGenerator<string | Piece> {
  const real = await realpath(directory)
  if (visited.has(real)) return
  visited.add(real)
  const entries = await readdir(directory)
  for (const name of entries.sort()) {
    const path = join(directory, name)
    try {
      const found = await stat(path)
      if (found.isDirectory() && !skipped.has(name)) yield* filesIn(path, visited)
      else if (found.isFile() && manifestName.test(name)) yield path
    } catch (error) {
      yield { file: path, problem: fileErrorMessage(error) }
    }
  }
}

async function* filesOf(path: string, visited: Set<string>): AsyncGenerator<string | Piece> {
  try {
    const found = await stat(path)
    if (!found.isDirectory()) yield normalize(path)
    else {
      let isEmpty = true
      for await (const file of filesIn(normalize(path), visited)) {
        isEmpty = false
        yield file
      }
      if (isEmpty) yield { file: path, problem: 'contains no .yaml, .yml or .json files' }
    }
  } catch (error) {
    yield { file: path, problem: fileErrorMessage(error) }
  }
}

/**
 * Every document of the files and directories, in their order. `-` is standard input.
 * @param input the stream of standard input
 */
export async function* readPaths(paths: readonly string[], input: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  const visited = new Set<string>()
  for (const path of paths) {
    if (path === standardInput) {
      yield* documentsOf(standardInputName, input)
      continue
    }
    for await (const file of filesOf(path, visited)) {
      if (typeof file === 'string') yield* documentsOf(file, createReadStream(file))
      else yield file
    }
  }
}
