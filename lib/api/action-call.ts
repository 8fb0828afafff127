import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDevelopment } from '#lib/env'

// Does a call of a server action look like one that a page of Postern makes? Next.js and React throw for any other, and
// answer 500 with a stack trace in the log, also for strangers: an action is decoded before it can ask who calls it.
//
// A page with scripts names the action in the Next-Action header and sends its arguments as JSON, or as a form with JSON
// in the field `0`, and the fields of a FormData argument as `_1_…`. Without scripts, the browser sends the
// form, in which React has hidden the action's name. See react-dom's `encodeReply` and `decodeAction`.

export type ActionFault = 'malformed' | 'unknown'

/** Levels of arrays and objects; a page sends no more than five. React descends into each. */
const deepest = 20
/** No action of Postern has more than three. Next.js throws for more than a thousand. */
const mostArguments = 10
const isId = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{42}$/.test(text)

/** React's references begin with a dollar sign. Pages send two kinds: `undefined`, and a FormData by its number. */
const isText = (text: string) => !text.startsWith('$') || /^\$(\$|undefined$|K[0-9a-f]{1,4}$)/.test(text)

function isValue(value: unknown, depth = 0): boolean {
  if (depth > deepest) return false
  if (typeof value === 'string') return isText(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.values(value).every((inner) => isValue(inner, depth + 1))
}

function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? '')
  } catch {
    return undefined
  }
}

function areArguments(json: string | undefined): boolean {
  const value = parsed(json)
  return Array.isArray(value) && value.length <= mostArguments && isValue(value)
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The fields of a form as browsers encode it (RFC 7578), without files; undefined for anything else. */
function fieldsOf(contentType: string, body: Buffer): Map<string, string> | undefined {
  const [, boundary] = /^multipart\/form-data; ?boundary=([\w'()+,./:=?-]{1,70})$/.exec(contentType) ?? []
  if (boundary === undefined) return undefined
  const [first, last] = [`--${boundary}\r\n`, `\r\n--${boundary}--`]
  const text = body.toString('latin1').replace(/\r\n$/, '')
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return undefined
  const fields = new Map<string, string>()
  for (const part of text.slice(first.length, -last.length).split(`\r\n${first}`)) {
    if (part.includes(`\r\n--${boundary}`)) return undefined
    const [, name, value] = /^Content-Disposition: form-data; name="([^"\r\n]*)"\r\n\r\n(.*)$/is.exec(part) ?? []
    const decoded = value === undefined ? undefined : textOf(Buffer.from(value, 'latin1'))
    if (name === undefined || decoded === undefined) return undefined
    fields.set(name, decoded)
  }
  return fields
}

/** The fault of a form that React completed, for a page without scripts. */
function faultOfForm(fields: Map<string, string>, isKnown: (id: string) => boolean): ActionFault | undefined {
  const ids: unknown[] = []
  for (const [name, value] of fields) {
    const [, id] = /^\$ACTION_ID_(.*)$/s.exec(name) ?? []
    const [, reference] = /^\$ACTION_REF_(.*)$/s.exec(name) ?? []
    if (id !== undefined) ids.push(id)
    if (reference !== undefined) {
      const { id: bound, bound: at } = Object(parsed(fields.get(`$ACTION_${reference}:0`)))
      const [, number] = /^\$@(\d{1,4})$/.exec(String(at)) ?? []
      if (at !== null && number === undefined) return 'malformed'
      if (number !== undefined && !areArguments(fields.get(`$ACTION_${reference}:${number}`))) return 'malformed'
      ids.push(bound)
    }
    if (/^\$ACTION_\d+:[1-9]\d*$/.test(name) && !areArguments(value)) return 'malformed'
  }
  if (ids.length === 0 || !ids.every(isId)) return 'malformed'
  return ids.every(isKnown) ? undefined : 'unknown'
}

/**
 * What is wrong with a call of a server action; undefined if Next.js can decode it.
 * @param known the identifiers of all actions of the build; null in development, where they change
 */
export function faultOfAction(
  headers: Headers,
  body: Buffer,
  known: ReadonlySet<string> | null,
): ActionFault | undefined {
  const isKnown = (id: string) => known === null || known.has(id)
  const action = headers.get('next-action')
  const contentType = headers.get('content-type') ?? ''
  const fields = contentType.startsWith('multipart/') ? fieldsOf(contentType, body) : undefined
  if (action === null) return fields ? faultOfForm(fields, isKnown) : 'malformed'
  if (!isId(action)) return 'malformed'
  if (!isKnown(action)) return 'unknown'
  if (contentType.toLowerCase().startsWith('text/plain')) return areArguments(textOf(body)) ? undefined : 'malformed'
  const names = [...(fields?.keys() ?? [])]
  const isForm = names.every((name) => name === '0' || /^_\d{1,4}_/.test(name))
  return isForm && areArguments(fields?.get('0')) ? undefined : 'malformed'
}

let builtActions: ReadonlySet<string> | null | undefined

/** The identifiers of all actions of this build; null in development, or where the build cannot be read. */
export function actionsOfBuild(): ReadonlySet<string> | null {
  builtActions ??= isDevelopment() ? null : readActions()
  return builtActions
}

function readActions(): ReadonlySet<string> | null {
  try {
    const manifest = readFileSync(join(process.cwd(), '.next/server/server-reference-manifest.json'), 'utf8')
    return new Set(Object.keys(JSON.parse(manifest).node))
  } catch {
    return null
  }
}
