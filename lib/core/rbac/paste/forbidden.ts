// Reads the permissions that an API server refused from the sentences of its 403 responses, as programs print them and
// people paste them. Source of the sentences: forbiddenMessage in
// k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go and NewForbidden in k8s.io/apimachinery/pkg/api/errors.
import { splitResource } from '#lib/core/rbac/resource-name'
import { isGroup, isNamespace, isObjectName, isResource, isVerb } from './names.ts'
import { type NeededPermission, type Note, uniqueNotes } from './needed-permissions.ts'
import { maxCharacters, readingsOf } from './readings.ts'
import { notesOf, notSignedIn } from './refusal-notes.ts'

const maxPermissions = 50

/** The longest quoted text that is read. Names have at most 253 characters; user names may have more. */
const maxQuoted = 1024

/** A position in a text. A reader moves it on, or leaves it and returns undefined where it finds something else. */
type Cursor = { text: string; at: number }

const isSpace = (char: string | undefined) => char === ' ' || char === '\n' || char === '\t' || char === '\r'

function skipSpace(cursor: Cursor) {
  while (isSpace(cursor.text[cursor.at])) cursor.at++
}

/** These words in this order. The space between them may be missing where a line was broken. */
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

/** A run of the characters that verbs and resources consist of. */
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

/** The object's name in front of `is forbidden: User`, as in `pods "web" is forbidden: `; '' where there is none. */
function nameBefore(text: string, at: number): string {
  const head = text.slice(Math.max(0, at - 600), at).trimEnd()
  const end = head.match(/is ?forbidden: ?$/)?.index
  const before = head.slice(0, end ?? 0).trimEnd()
  if (end === undefined || !before.endsWith('"')) return ''
  const name = before.slice(before.lastIndexOf('"', before.length - 2) + 1, -1)
  return isObjectName(name) ? name : ''
}

type Sentence = { user: string } & ({ permission: NeededPermission } | { path: string })

function sentenceAt(text: string, at: number): Sentence | undefined {
  const cursor: Cursor = { text, at: at + 'User'.length }
  const user = quoted(cursor)
  if (user === undefined || !phrase(cursor, 'cannot')) return undefined
  const verbText = bare(cursor)
  // A broken line may have lost the space in `list resource`.
  const isGlued = verbText.endsWith('resource') && verbText !== 'resource'
  const verb = isGlued ? verbText.slice(0, -'resource'.length) : verbText
  if (!isVerb(verb)) return undefined
  let path: string | undefined
  let group: string | undefined
  if (isGlued || phrase(cursor, 'resource')) {
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
  const { resource, subresource } = splitResource(path)
  const isSound =
    isResource(path) && isGroup(group) && (namespace === null || namespace === '' || isNamespace(namespace))
  if (!isSound) return undefined
  const name = nameBefore(text, at)
  return { user, permission: { verb, group, resource, subresource, name, namespace: namespace || null } }
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
 * Every refused permission of a pasted text, each once, in the order of the text, with notes on what access cannot change
 * and on what was not understood. Never throws. NB: the text is untrusted; the result only fills a form, and a submitted
 * form is judged like any other request.
 */
export function parseForbidden(text: string): { permissions: NeededPermission[]; notes: Note[] } {
  const readings = readingsOf(text)
  const sentences = readings.flatMap(sentencesOf)
  const byKey = new Map<string, NeededPermission>()
  const notes: Note[] = []
  for (const sentence of sentences) {
    if (sentence.user === 'system:anonymous') notes.push(notSignedIn)
    else if ('path' in sentence) {
      const path = sentence.path.slice(0, 200)
      notes.push({
        code: 'non-resource-path',
        sentence: `${path} is a path of the API server, not a resource. A role bound in a namespace can't grant it.`,
      })
    } else if (byKey.size < maxPermissions) byKey.set(keyOf(sentence.permission), sentence.permission)
    else notes.push({ code: 'too-many', sentence: `Only the first ${maxPermissions} refusals were read.` })
  }
  const all = [...byKey.values()]
  // Where a line broke inside the name, one reading lost the name and another kept it.
  const named = new Set(all.filter(({ name }) => name !== '').map((one) => keyOf({ ...one, name: '' })))
  const permissions = all.filter((one) => one.name !== '' || !named.has(keyOf(one)))
  notes.push(...notesOf(readings, permissions, sentences.length > 0))
  if (text.length > maxCharacters)
    notes.push({ code: 'cut', sentence: `Only the first ${maxCharacters} characters were read.` })
  return { permissions, notes: uniqueNotes(notes) }
}
