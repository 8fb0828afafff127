import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AllowedWord, allowedWords } from './allowed-words.ts'
import { isTestFile, lineAt, type Node, parseSource, repositoryFiles, walk } from './source.ts'
import { wordList } from './word-list.ts'

// Searches every text that a person reads for the words of the list: pages, API responses, the command, the output of
// local programs, and the documents.

/** A part of a file, verbatim, and its offset in the file. */
type Text = { offset: number; text: string }

const hasTexts = (path: string) =>
  /^(app|components|lib|cli|local)\/.*\.(ts|tsx|mjs)$|^[\w-]+\.ts$/.test(path) &&
  !isTestFile(path) &&
  !/^local\/check\/(word-list|allowed-words)\.ts$/.test(path)

const isDocument = (path: string) => /^[^/]+\.md$|^docs\/.*\.md$/.test(path)

/** A sentence, a phrase or a label. A single lower-case word is a name in the code or a value in the API. */
const isProse = (text: string) => /\p{L}\s+\S|\S\s+\p{L}/u.test(text) || /^[A-Z][a-z]+[.…]?$/.test(text.trim())

/** Attributes whose values are not shown to people. */
const hiddenAttributes = new Set(['className', 'id', 'href', 'name', 'type', 'role', 'd', 'viewBox', 'htmlFor', 'key'])

/** SQL in a string. */
const isStatement = (text: string) =>
  /^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|TRUNCATE)\b/.test(text)

const isSql = (tag: unknown): boolean => {
  const { type, name, property, object, expression } = (tag ?? {}) as Partial<Node>
  if (type === 'Identifier') return /^(sql|\$(query|execute)Raw)$/.test(String(name))
  if (type === 'MemberExpression') return isSql(property) || isSql(object)
  return expression !== undefined && isSql(expression)
}

/** The texts in a source file: JSX text, strings and templates, but not imports, types, keys or SQL. */
function textsOfCode(path: string, source: string): Text[] {
  const found: Text[] = []
  const from = ({ start, end }: { start: number; end: number }) => ({ offset: start, text: source.slice(start, end) })
  walk(parseSource(path, source).program, (node) => {
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
      case 'ImportExpression':
        return false
      case 'TaggedTemplateExpression':
        return !isSql(node.tag)
      case 'JSXAttribute':
        return !hiddenAttributes.has(String((node.name as Node).name))
      case 'JSXText':
        found.push(from(node))
        return false
      case 'Literal':
        if (typeof node.value === 'string' && isProse(node.value) && !isStatement(node.value)) found.push(from(node))
        return false
      case 'TemplateLiteral': {
        const quasis = node.quasis as Node[]
        const whole = source.slice(node.start + 1, node.end - 1)
        if (isProse(whole) && !isStatement(whole)) found.push(...quasis.map(from))
        return true
      }
      default:
        return !node.type.startsWith('TS') || /^TS(As|Satisfies|NonNull)/.test(node.type)
    }
  })
  return found
}

const blank = (text: string) => text.replaceAll(/[^\n]/g, ' ')

/** The prose of a document, without code, commands and link targets. */
const proseOf = (document: string): string =>
  document
    .replaceAll(/^ *```[\s\S]*?^ *```/gm, blank)
    .replaceAll(/`[^`\n]*`/g, blank)
    .replaceAll(/\]\([^)\n]*\)/g, blank)
    .replaceAll(/https?:\/\/\S+/g, blank)

const expressions = wordList.map(({ pattern, instead }) => ({
  instead,
  expression: new RegExp(`(?<![\\w-])(?:${pattern.replaceAll(' ', '\\s+')})(?![\\w-])`, 'gi'),
}))

type Found = { path: string; line: number; word: string; instead: string; around: string }

function wordsIn(path: string, whole: string, { offset, text }: Text): Found[] {
  return expressions.flatMap(({ expression, instead }) =>
    [...text.matchAll(expression)].map((match) => ({
      path,
      line: lineAt(whole, offset + match.index),
      word: match[0].replaceAll(/\s+/g, ' '),
      instead,
      around: text.slice(Math.max(0, match.index - 200), match.index + match[0].length + 200).replaceAll(/\s+/g, ' '),
    })),
  )
}

function wordsOfFile(checkout: string, path: string): Found[] {
  const whole = readFileSync(join(checkout, path), 'utf8')
  const texts = isDocument(path) ? [{ offset: 0, text: proseOf(whole) }] : textsOfCode(path, whole)
  return texts.flatMap((text) => wordsIn(path, whole, text)).sort((one, other) => one.line - other.line)
}

/** Every use of a word of the list in a text that a person reads, with its position and a better word. */
export function oldWords(checkout: string, allowed: readonly AllowedWord[] = allowedWords): string[] {
  const used = new Set<AllowedWord>()
  const found = repositoryFiles(checkout)
    .filter((path) => hasTexts(path) || isDocument(path))
    .flatMap((path) => wordsOfFile(checkout, path))
    .filter(({ path, around }) => {
      const entry = allowed.find((candidate) => candidate.path === path && around.includes(candidate.text))
      if (entry) used.add(entry)
      return !entry
    })
  const unused = allowed.filter((entry) => !used.has(entry))
  return [
    ...found.map(({ path, line, word, instead }) => `${path}:${line} "${word}": use ${instead}`),
    ...unused.map(
      ({ path, text }) => `local/check/allowed-words.ts allows "${text}" in ${path}, which has no such word there`,
    ),
  ]
}
