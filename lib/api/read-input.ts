import type { z } from 'zod'
import { readBody } from '#lib/adapters/auth/read-body'
import { AppError, type FieldError } from '#lib/core/access/errors'

// What a caller sent, read strictly: everything that is wrong is named at once, with where it is and what would be right.

/** Bytes. The longest honest body (20 namespaces, 32 full rules, two long texts) stays below a quarter of this. */
export const maxBodyBytes = 256 * 1024

const escapeToken = (key: PropertyKey) => String(key).replace(/~/g, '~0').replace(/\//g, '~1')

/** RFC 6901. */
const pointerTo = (path: readonly PropertyKey[]): string => path.map((key) => `/${escapeToken(key)}`).join('')

type Issue = z.core.$ZodIssue

/** Text of the caller's that is repeated to them: short, and without what could disturb a terminal. */
const shown = (text: string) => text.replace(/[\p{Cc}\p{Cf}]/gu, '�').slice(0, 80)

const typeNames: Record<string, string> = { int: 'whole number', object: 'JSON object', array: 'list' }

function messageOf(issue: Issue): string {
  if (issue.code !== 'invalid_type') return issue.message.replace(/^Invalid input: /, '')
  const expected = typeNames[issue.expected] ?? issue.expected
  if (issue.input === undefined) return 'is missing'
  return `must be a ${expected}`
}

function fieldErrors(issues: readonly Issue[], toPointer: (path: readonly PropertyKey[]) => string): FieldError[] {
  return issues.flatMap((issue): FieldError[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        pointer: toPointer([...issue.path, shown(key)]),
        message: `is not known here`,
      }))
    }
    return [{ pointer: toPointer(issue.path), message: messageOf(issue) }]
  })
}

/** Of the wrong shape (400), against well-formed but refused (422). */
const isShape = (issue: Issue) =>
  issue.code === 'unrecognized_keys' || issue.code === 'invalid_type' || issue.code === 'invalid_union'

async function bodyText(request: Request): Promise<string> {
  const bytes = await readBody(request, maxBodyBytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new AppError('malformed', 'The body is not UTF-8.')
  }
}

/** The body's text, for a door that takes JSON. An absent body is the empty text. */
export async function readJsonText(request: Request, isOptional: boolean): Promise<string> {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const isJson = type === 'application/json' || /^application\/[a-z0-9.+-]+\+json$/.test(type)
  const text = await bodyText(request)
  if (text === '' && isOptional) return ''
  if (!isJson) {
    throw new AppError('unsupported-media-type', 'Send the body as JSON, with Content-Type: application/json.')
  }
  return text
}

/**
 * A body as `schema` defines it.
 * @throws AppError `malformed` for another shape, `invalid` for values that are refused
 */
export function checkBody<S extends z.ZodType>(body: unknown, schema: S): z.infer<S> {
  const parsed = schema.safeParse(body, { reportInput: true })
  if (parsed.success) return parsed.data
  const { issues } = parsed.error
  const errors = fieldErrors(issues, pointerTo)
  if (issues.some(isShape))
    throw new AppError('malformed', 'The body is not of the shape that is expected here.', { errors })
  throw new AppError('invalid', 'Some of what was sent cannot be accepted.', { errors })
}

/** JSON text as `schema` defines it. @throws AppError `malformed` for text that is not JSON; see also checkBody() */
export function parseBody<S extends z.ZodType>(text: string, schema: S): z.infer<S> {
  let json: unknown
  try {
    json = JSON.parse(text === '' ? '{}' : text)
  } catch {
    throw new AppError('malformed', 'The body is not JSON.')
  }
  return checkBody(json, schema)
}

/** The query as what `schema` says; each parameter at most once, none that is not known. */
export function parseQuery<S extends z.ZodType>(url: URL, schema: S): z.infer<S> {
  const values: Record<string, string> = Object.create(null)
  const errors: FieldError[] = []
  for (const [name, value] of url.searchParams) {
    if (name in values) errors.push({ pointer: shown(name), message: 'must be given once' })
    values[name] = value
  }
  const parsed = schema.safeParse({ ...values }, { reportInput: true })
  if (!parsed.success) errors.push(...fieldErrors(parsed.error.issues, (path) => path.map(String).join('.')))
  if (!parsed.success || errors.length) {
    throw new AppError('malformed', 'The query is not one that is understood here.', { errors })
  }
  return parsed.data
}
