// Which files are meant, and what documents do they hold? Read as streams: a file may be larger than memory.
import { createReadStream } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { DocumentSplitter, type DocumentText } from '#lib/core/check/documents'
import { notUtf8, whyNot } from '../why-not.ts'

export const standardInput = '-'
export const standardInputName = '<stdin>'

/** What was found on the way: a document, or why something could not be read. */
export type Piece = { file: string; document: DocumentText } | { file: string; problem: string }

const manifestName = /\.(ya?ml|json)$/i
/** Not the project's own manifests. Whoever means them names them. */
const notFollowed = new Set(['.git', 'node_modules'])

async function* documentsOf(file: string, bytes: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  const splitter = new DocumentSplitter()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let isEmpty = true
  try {
    for await (const chunk of bytes) {
      isEmpty = false
      // What UTF-16 has between the letters would hide every word from us.
      if (chunk.includes(0)) throw Object.assign(new Error('a zero byte'), { code: notUtf8 })
      for (const document of splitter.push(decoder.decode(chunk, { stream: true }))) yield { file, document }
    }
    for (const document of splitter.push(decoder.decode())) yield { file, document }
    for (const document of splitter.end()) yield { file, document }
  } catch (error) {
    yield { file, problem: whyNot(error) }
  }
  // A pipe whose other end failed looks like this.
  if (isEmpty && file === standardInputName) yield { file, problem: 'nothing came in' }
}

/** A folder with what is below it, in the order of names. Each folder is read once, however many links lead there. */
async function* filesIn(folder: string, seen: Set<string>): AsyncGenerator<string | Piece> {
  const real = await realpath(folder)
  if (seen.has(real)) return
  seen.add(real)
  const entries = await readdir(folder)
  for (const name of entries.sort()) {
    const path = join(folder, name)
    try {
      const found = await stat(path)
      if (found.isDirectory() && !notFollowed.has(name)) yield* filesIn(path, seen)
      else if (found.isFile() && manifestName.test(name)) yield path
    } catch (error) {
      yield { file: path, problem: whyNot(error) }
    }
  }
}

async function* filesOf(path: string, seen: Set<string>): AsyncGenerator<string | Piece> {
  try {
    const found = await stat(path)
    if (!found.isDirectory()) yield normalize(path)
    else {
      let isEmpty = true
      for await (const file of filesIn(normalize(path), seen)) {
        isEmpty = false
        yield file
      }
      if (isEmpty) yield { file: path, problem: 'holds no .yaml, .yml or .json file' }
    }
  } catch (error) {
    yield { file: path, problem: whyNot(error) }
  }
}

/**
 * Every document of the files and folders, in their order. `-` is standard input.
 * @param input what `-` reads
 */
export async function* readPaths(paths: readonly string[], input: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  const seen = new Set<string>()
  for (const path of paths) {
    if (path === standardInput) {
      yield* documentsOf(standardInputName, input)
      continue
    }
    for await (const file of filesOf(path, seen)) {
      if (typeof file === 'string') yield* documentsOf(file, createReadStream(file))
      else yield file
    }
  }
}
