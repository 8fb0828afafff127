import type { z } from 'zod'
import { nearest } from '#lib/core/access/nearest'
import { configurationJsonSchema, type JsonSchema, keysAt } from './json-schema.ts'

/**
 * A problem before its place in the text is known. `atKey`: the key is wrong, not its value. `within`: the index of the
 * character in the value.
 */
export type Finding = { path: (string | number)[]; message: string; atKey?: boolean; within?: number }

/** A path such as `entitlements[0].duration.max`. Keys that are not identifiers are quoted in brackets. */
export const pathInWords = (path: readonly (string | number)[]): string =>
  path
    .map((key) => {
      if (typeof key === 'number') return `[${key}]`
      return /^[A-Za-z_][\w-]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
    })
    .join('')
    .replace(/^\./, '')

const expectations: Record<string, string> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

const names: Record<string, string> = { string: 'characters', array: 'items', number: '', int: '' }

/** Replaces Zod's own messages. Messages that our schemas define stay as they are. */
const errorMap: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type') {
    const expected = expectations[issue.expected] ?? issue.expected
    return issue.input === undefined ? `is missing: it must be ${expected}` : `must be ${expected}`
  }
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    const [bound, word] = issue.code === 'too_small' ? [issue.minimum, 'least'] : [issue.maximum, 'most']
    const unit = names[issue.origin] ?? ''
    if (issue.code === 'too_small' && Number(bound) === 1 && unit) return 'must not be empty'
    return `must be at ${word} ${bound}${unit && ` ${unit}`}`
  }
  if (issue.code === 'invalid_value') {
    const missing = issue.input === undefined ? 'is missing: it ' : ''
    return `${missing}must be one of ${issue.values.map(String).join(', ')}`
  }
  if (issue.code === 'invalid_format') return `must match ${issue.pattern ?? issue.format}`
  return undefined
}

/** For `schema.safeParse(value, parseOptions)`, which tells missing values from invalid ones. */
export const parseOptions: z.core.ParseContext<z.core.$ZodIssue> = { error: errorMap, reportInput: false }

let jsonSchema: JsonSchema | undefined

function unknownKey(path: (string | number)[], key: string): Finding & { meant?: string } {
  jsonSchema ??= configurationJsonSchema()
  const known = keysAt(jsonSchema, path)
  const close = nearest(key, known)
  let message = `is not a known key; the known keys are: ${known.join(', ')}`
  if (close) message = `is not a known key; did you mean ${close}?`
  if (/secret|password|token$/i.test(key)) {
    message = 'is not a known key: set secrets in the environment, never in this file'
  }
  return { path: [...path, key], message, atKey: true, meant: close }
}

/**
 * How far the input is from one member of a union: another type counts most, then unknown keys, then invalid values.
 */
function distance(issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce((sum, issue) => {
    if (issue.path.length === 0 && issue.code !== 'unrecognized_keys') return sum + 1000
    return sum + (issue.code === 'unrecognized_keys' ? 10 * issue.keys.length : 1)
  }, 0)
}

/** The problems by the nearest member of a union; if none is near, the types that all members allow. */
function findingsOfUnion(issue: z.core.$ZodIssueInvalidUnion, path: (string | number)[]): Finding[] {
  const members = issue.errors.map((issues) => ({ issues, far: distance(issues) })).sort((a, b) => a.far - b.far)
  const [closest] = members
  if (!closest) return [{ path, message: issue.message }]
  if (closest.far < 1000) {
    return closest.issues.flatMap((inner) =>
      findingsIn({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue),
    )
  }
  const messages = members.flatMap(({ issues }) => issues.find((inner) => inner.path.length === 0)?.message ?? [])
  const types = [...new Set(messages.map((message) => message.replace(/^(is missing: it )?must be (one of )?/, '')))]
  return [{ path, message: `must be ${types.join(', or ')}` }]
}

function findingsIn(issue: z.core.$ZodIssue): (Finding & { meant?: string })[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
  if (issue.code === 'invalid_union') return findingsOfUnion(issue, path)
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key))
  if (issue.code === 'invalid_key') {
    const message = issue.issues.map((inner) => inner.message).join('; ')
    return [{ path, message: `is not a valid key: it ${message}`, atKey: true }]
  }
  return [{ path, message: issue.message }]
}

/**
 * Zod's issues as findings, one for each unknown key. A misspelt key is reported once, and not also as the missing
 * value of the key that was meant.
 */
export function findingsOf(issues: readonly z.core.$ZodIssue[]): Finding[] {
  const found = issues.flatMap(findingsIn)
  const meant = new Set(found.flatMap(({ path, meant }) => (meant ? [pathInWords([...path.slice(0, -1), meant])] : [])))
  return found.filter(({ path, message }) => !(message.startsWith('is missing') && meant.has(pathInWords(path))))
}
