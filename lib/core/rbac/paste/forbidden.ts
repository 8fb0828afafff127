// What did the API server refuse? Reads the sentences of its 403 answers, as programs print and people paste them.
// Source of the sentences: forbiddenMessage in k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go and
// NewForbidden in k8s.io/apimachinery/pkg/api/errors.

import { isGroup, isNamespace, isObjectName, isResource, isVerb } from './names.ts'
import type { NeededPermission, Note } from './needed-permissions.ts'
import { maxCharacters, readingsOf } from './readings.ts'
import { notesOf, notSignedIn } from './refusal-notes.ts'

const maxPermissions = 50

/** Longest quoted text that is followed; names are at most 253 characters long, user names may be longer. */
const maxQuoted = 1024

/** A place in a text. Reading moves it on; where something else stands it stays and the reader answers undefined. */
type Cursor = { text: string; at: number }

const isSpace = (char: string | undefined) => char === ' ' || char === '\n' || char === '\t' || char === '\r'

function skipSpace(cursor: Cursor) {
  while (isSpace(cursor.text[cursor.at])) cursor.at++
}

/** These words in this order; space between them may be missing, for a line may have been broken there. */
function phrase(cursor: Cursor, ...words: string[]): boolean {
  const start = cursor.at
  for (const word of words) {
    skipSpace(cursor)
    if (!cursor.text.startsWith(word, cursor.at)) {
      cursor.at = start
      return false
    }
    cursor.at += word.length
  }
  return true
}

/** A text in Go's double quotes (`%q`). */
function quoted(cursor: Cursor): string | undefined {
  const start = cursor.at
  skipSpace(cursor)
  if (cursor.text[cursor.at] === '"') {
    let value = ''
    for (let at = cursor.at + 1; at < Math.min(cursor.text.length, cursor.at + maxQuoted); at++) {
      const char = cursor.text[at] ?? ''
      if (char === '"') {
        cursor.at = at + 1
        return value
      }
      if (char === '\\') at++
      value += cursor.text[at] ?? ''
    }
  }
  cursor.at = start
  return undefined
}

/** A run of characters such as verbs and resources have. */
function bare(cursor: Cursor): string {
  skipSpace(cursor)
  const start = cursor.at
  while (cursor.at - start < 512 && /[A-Za-z0-9.:*/-]/.test(cursor.text[cursor.at] ?? '')) cursor.at++
  return cursor.text.slice(start, cursor.at)
}

function scope(cursor: Cursor): string | null | undefined {
  if (phrase(cursor, 'at', 'the', 'cluster', 'scope')) return null
  return phrase(cursor, 'in', 'the', 'namespace') ? quoted(cursor) : undefined
}

/** The object's name that stands before `is forbidden: User`, as in `pods "web" is forbidden: `; '' where there is none. */
function nameBefore(text: string, at: number): string {
  const head = text.slice(Math.max(0, at - 600), at).trimEnd()
  const end = head.match(/is ?forbidden: ?$/)?.index
  const before = head.slice(0, end ?? 0).trimEnd()
  if (end === undefined || !before.endsWith('"')) return ''
  const name = before.slice(before.lastIndexOf('"', before.length - 2) + 1, -1)
  return isObjectName(name) ? name : ''
}

type Sentence = { user: string } & ({ ask: NeededPermission } | { path: string })

/** What a word pair such as `pods/log` or, in servers before 1.12, `deployments.extensions` says. */
function resourceOf(path: string): Pick<NeededPermission, 'resource' | 'subresource'> {
  const slash = path.indexOf('/')
  return slash < 0
    ? { resource: path, subresource: '' }
    : { resource: path.slice(0, slash), subresource: path.slice(slash + 1) }
}

function sentenceAt(text: string, at: number): Sentence | undefined {
  const cursor: Cursor = { text, at: at + 'User'.length }
  const user = quoted(cursor)
  if (user === undefined || !phrase(cursor, 'cannot')) return undefined
  const said = bare(cursor)
  const glued = said.endsWith('resource') && said !== 'resource'
  const verb = glued ? said.slice(0, -'resource'.length) : said
  if (!isVerb(verb)) return undefined
  let path: string | undefined
  let group: string | undefined
  if (glued || phrase(cursor, 'resource')) {
    path = quoted(cursor)
    if (path === undefined || !phrase(cursor, 'in', 'API', 'group')) return undefined
    group = quoted(cursor)
  } else if (phrase(cursor, 'path')) {
    const url = quoted(cursor)
    return url === undefined ? undefined : { user, path: url }
  } else {
    // Before Kubernetes 1.12: `cannot list deployments.extensions in the namespace "p"`.
    const [resource = '', ...rest] = bare(cursor).split('.')
    path = resource
    group = rest.join('.')
  }
  const namespace = scope(cursor)
  if (group === undefined || namespace === undefined) return undefined
  const { resource, subresource } = resourceOf(path)
  const isSound =
    isResource(path) && isGroup(group) && (namespace === null || namespace === '' || isNamespace(namespace))
  if (!isSound) return undefined
  const ask = { verb, group, resource, subresource, name: nameBefore(text, at), namespace: namespace || null }
  return { user, ask }
}

function sentencesOf(text: string): Sentence[] {
  const found: Sentence[] = []
  for (let at = text.indexOf('User'); at >= 0 && found.length < maxPermissions * 2; at = text.indexOf('User', at + 1)) {
    const sentence = sentenceAt(text, at)
    if (sentence) found.push(sentence)
  }
  return found
}

const keyOf = ({ verb, group, resource, subresource, name, namespace }: NeededPermission) =>
  JSON.stringify([verb, group, resource, subresource, name, namespace])

/**
 * Every refused right in a pasted text, each once, in the order of the text, and what else is to be said: what no grant
 * would change, and what was not understood. Never throws. The text is not to be trusted: what comes out only fills a
 * form that is judged like any other.
 */
export function parseForbidden(text: string): { asks: NeededPermission[]; notes: Note[] } {
  const readings = readingsOf(text)
  const sentences = readings.flatMap(sentencesOf)
  const asks = new Map<string, NeededPermission>()
  const notes: Note[] = []
  for (const sentence of sentences) {
    if (sentence.user === 'system:anonymous') notes.push(notSignedIn)
    else if ('path' in sentence) {
      const path = sentence.path.slice(0, 200)
      const said = `${path} is a path of the API server and no resource: no role bound in a namespace can give it.`
      notes.push({ code: 'non-resource-path', sentence: said })
    } else if (asks.size < maxPermissions) asks.set(keyOf(sentence.ask), sentence.ask)
    else notes.push({ code: 'too-many', sentence: `Only the first ${maxPermissions} refusals were read.` })
  }
  // Where a line broke inside the name, one reading lost it and another has it.
  const named = new Set([...asks.values()].filter(({ name }) => name !== '').map((ask) => keyOf({ ...ask, name: '' })))
  const found = [...asks.values()].filter((ask) => ask.name !== '' || !named.has(keyOf(ask)))
  notes.push(...notesOf(readings, found, sentences.length > 0))
  if (text.length > maxCharacters)
    notes.push({ code: 'cut', sentence: `Only the first ${maxCharacters} characters were read.` })
  return { asks: found, notes: [...new Map(notes.map((note) => [note.sentence, note])).values()] }
}
