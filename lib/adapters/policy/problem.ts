import type { z } from 'zod'
import { nearest } from '#lib/core/access/nearest'
import { configurationJsonSchema, type JsonSchema, keysAt } from './json-schema.ts'

/**
 * A problem before it has a place in the text. `atKey`: it is the key that is wrong, not its value. `within`: which
 * character of the value it is about, from 0.
 */
export type Finding = { path: (string | number)[]; message: string; atKey?: boolean; within?: number }

/** `entitlements[0].duration.max`; keys that are no words stand quoted in brackets. */
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

/** What Zod found, in words of ours where Zod has only its own; the messages of our schemas pass as they are. */
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
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`
  if (issue.code === 'invalid_format') return `must match ${issue.pattern ?? issue.format}`
  return undefined
}

/** For `schema.safeParse(value, parseOptions)`, so that missing values can be told from wrong ones. */
export const parseOptions: z.core.ParseContext<z.core.$ZodIssue> = { error: errorMap, reportInput: false }

let jsonSchema: JsonSchema | undefined

function unknownKey(path: (string | number)[], key: string): Finding & { meant?: string } {
  jsonSchema ??= configurationJsonSchema()
  const known = keysAt(jsonSchema, path)
  const close = nearest(key, known)
  let message = `is not known here; known are: ${known.join(', ')}`
  if (close) message = `is not known here; did you mean ${close}?`
  if (/secret|password|token$/i.test(key)) {
    message = 'is not known here: secrets come from the environment or from files it names, never from this file'
  }
  return { path: [...path, key], message, atKey: true, meant: close }
}

/** How far what was written is from one way of writing it: another kind of value, other keys, other values. */
function distance(issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce((sum, issue) => {
    if (issue.path.length === 0 && issue.code !== 'unrecognized_keys') return sum + 1000
    return sum + (issue.code === 'unrecognized_keys' ? 10 * issue.keys.length : 1)
  }, 0)
}

/** What is wrong by the nearest of several ways of writing it; where none is near, what each of them would be. */
function findingsOfUnion(issue: z.core.$ZodIssueInvalidUnion, path: (string | number)[]): Finding[] {
  const ways = issue.errors.map((issues) => ({ issues, far: distance(issues) })).sort((a, b) => a.far - b.far)
  const [nearestWay] = ways
  if (!nearestWay) return [{ path, message: issue.message }]
  if (nearestWay.far < 1000) {
    return nearestWay.issues.flatMap((inner) =>
      findingsIn({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue),
    )
  }
  const wanted = ways.flatMap(({ issues }) => issues.find((inner) => inner.path.length === 0)?.message ?? [])
  const words = [...new Set(wanted.map((message) => message.replace(/^(is missing: it )?must be (one of )?/, '')))]
  return [{ path, message: `must be ${words.join(', or ')}` }]
}

function findingsIn(issue: z.core.$ZodIssue): (Finding & { meant?: string })[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
  if (issue.code === 'invalid_union') return findingsOfUnion(issue, path)
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key))
  if (issue.code === 'invalid_key') {
    const message = issue.issues.map((inner) => inner.message).join('; ')
    return [{ path, message: `is no key for this: it ${message}`, atKey: true }]
  }
  return [{ path, message: issue.message }]
}

/**
 * Zod's issues as findings, one for each unknown key. A misspelt key is told once: not also as the value that misses
 * where the right key should be.
 */
export function findingsOf(issues: readonly z.core.$ZodIssue[]): Finding[] {
  const found = issues.flatMap(findingsIn)
  const meant = new Set(found.flatMap(({ path, meant }) => (meant ? [pathInWords([...path.slice(0, -1), meant])] : [])))
  return found.filter(({ path, message }) => !(message.startsWith('is missing') && meant.has(pathInWords(path))))
}
