import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AllowedWord, allowedWords } from './allowed-words.ts'
import { isTestFile, lineAt, type Node, parseSource, repositoryFiles, walk } from './source.ts'
import { wordList } from './word-list.ts'

// Looks for the words of the list in every text that a person meets: pages, answers of the API, the command, what local
// programs print, and the documents.

/** A text and where it begins. Its characters stand as in the file, so that an offset in it is one in the file. */
type Text = { offset: number; text: string }

const hasTexts = (path: string) =>
  /^(app|components|lib|cli|local)\/.*\.(ts|tsx|mjs)$|^[\w-]+\.ts$/.test(path) &&
  !isTestFile(path) &&
  !/^local\/check\/(word-list|allowed-words)\.ts$/.test(path)

const isDocument = (path: string) => /^[^/]+\.md$|^docs\/.*\.md$/.test(path)

/** A sentence, a phrase or a label. One word in lower case is a name in the code or a value of the API. */
const isProse = (text: string) => /\p{L}\s+\S|\S\s+\p{L}/u.test(text) || /^[A-Z][a-z]+[.…]?$/.test(text.trim())

/** Attributes whose value only the browser reads. */
const silent = new Set(['className', 'id', 'href', 'name', 'type', 'role', 'd', 'viewBox', 'htmlFor', 'key'])

/** SQL that is written as a string. */
const isStatement = (text: string) =>
  /^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|TRUNCATE)\b/.test(text)

const isSql = (tag: unknown): boolean => {
  const { type, name, property, object, expression } = (tag ?? {}) as Partial<Node>
  if (type === 'Identifier') return /^(sql|\$(query|execute)Raw)$/.test(String(name))
  if (type === 'MemberExpression') return isSql(property) || isSql(object)
  return expression !== undefined && isSql(expression)
}

/** Texts of a file of code: JSX text, strings and templates, without imports, types, keys and SQL. */
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
        return !silent.has(String((node.name as Node).name))
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

/** The prose of a document: commands, code and the targets of links are somebody else's words. */
const proseOf = (document: string): string =>
  document
    .replaceAll(/^ *```[\s\S]*?^ *```/gm, blank)
    .replaceAll(/`[^`\n]*`/g, blank)
    .replaceAll(/\]\([^)\n]*\)/g, blank)
    .replaceAll(/https?:\/\/\S+/g, blank)

const expressions = wordList.map(({ pattern, say }) => ({
  say,
  expression: new RegExp(`(?<![\\w-])(?:${pattern.replaceAll(' ', '\\s+')})(?![\\w-])`, 'gi'),
}))

type Found = { path: string; line: number; word: string; say: string; around: string }

function wordsIn(path: string, whole: string, { offset, text }: Text): Found[] {
  return expressions.flatMap(({ expression, say }) =>
    [...text.matchAll(expression)].map((match) => ({
      path,
      line: lineAt(whole, offset + match.index),
      word: match[0].replaceAll(/\s+/g, ' '),
      say,
      around: text.slice(Math.max(0, match.index - 200), match.index + match[0].length + 200).replaceAll(/\s+/g, ' '),
    })),
  )
}

function wordsOfFile(checkout: string, path: string): Found[] {
  const whole = readFileSync(join(checkout, path), 'utf8')
  const texts = isDocument(path) ? [{ offset: 0, text: proseOf(whole) }] : textsOfCode(path, whole)
  return texts.flatMap((text) => wordsIn(path, whole, text)).sort((one, other) => one.line - other.line)
}

/** Every word of the list that a person would read, where, and what to say instead. */
export function oldWords(checkout: string, allowed: readonly AllowedWord[] = allowedWords): string[] {
  const used = new Set<AllowedWord>()
  const found = repositoryFiles(checkout)
    .filter((path) => hasTexts(path) || isDocument(path))
    .flatMap((path) => wordsOfFile(checkout, path))
    .filter(({ path, around }) => {
      const one = allowed.find((entry) => entry.path === path && around.includes(entry.text))
      if (one) used.add(one)
      return !one
    })
  const unused = allowed.filter((entry) => !used.has(entry))
  return [
    ...found.map(({ path, line, word, say }) => `${path}:${line} "${word}": say ${say}`),
    ...unused.map(
      ({ path, text }) => `local/check/allowed-words.ts allows "${text}" in ${path}, where no such word is`,
    ),
  ]
}
