import type { z } from 'zod'
import { readBody } from '#lib/adapters/auth/read-body'
import { AppError, type FieldError } from '#lib/core/access/errors'

// Validates a caller's input strictly: all problems are reported at once, each with its place and the expected value.

/** The longest legitimate body (20 namespaces, 32 full rules, two long texts) is less than a quarter of this. */
export const maxBodyBytes = 256 * 1024

/** A batch of the API server has up to 400 events by default, most of them of one kilobyte. */
export const maxAuditBytes = 10 * 1024 * 1024

const escapeToken = (key: PropertyKey) => String(key).replace(/~/g, '~0').replace(/\//g, '~1')

/** RFC 6901. */
const pointerTo = (path: readonly PropertyKey[]): string => path.map((key) => `/${escapeToken(key)}`).join('')

type Issue = z.core.$ZodIssue

/** Text from the caller that a message repeats: shortened, and without characters that could control a terminal. */
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
        message: 'is not a known field',
      }))
    }
    return [{ pointer: toPointer(issue.path), message: messageOf(issue) }]
  })
}

/** A body can have tens of thousands of unknown fields. No one corrects more of them at once. */
const mostErrors = 100

/** Is this a problem of the shape (400)? Other problems are invalid values (422). */
const isShape = (issue: Issue) =>
  issue.code === 'unrecognized_keys' || issue.code === 'invalid_type' || issue.code === 'invalid_union'

async function bodyText(request: Request): Promise<string> {
  const bytes = await readBody(request, maxBodyBytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new AppError('malformed', 'The body is not UTF-8. Send JSON encoded as UTF-8.')
  }
}

/** The text of a JSON body; an absent body is the empty string. */
export async function readJsonText(request: Request, isOptional: boolean): Promise<string> {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const isJson = type === 'application/json' || /^application\/[a-z0-9.+-]+\+json$/.test(type)
  const text = await bodyText(request)
  if (text === '' && isOptional) return ''
  if (!isJson) {
    throw new AppError(
      'unsupported-media-type',
      'The body is not declared as JSON. Send it with Content-Type: application/json.',
    )
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
  const errors = fieldErrors(issues, pointerTo).slice(0, mostErrors)
  if (issues.some(isShape))
    throw new AppError('malformed', 'The body has missing, unknown or invalid fields. Correct them.', { errors })
  throw new AppError('invalid', 'Some fields are invalid. Correct them and try again.', { errors })
}

/** JSON text as `schema` defines it. @throws AppError `malformed` for text that is not JSON; see also checkBody() */
export function parseBody<S extends z.ZodType>(text: string, schema: S): z.infer<S> {
  let json: unknown
  try {
    json = JSON.parse(text === '' ? '{}' : text)
  } catch {
    throw new AppError('malformed', 'The body is not valid JSON. Correct it and try again.')
  }
  return checkBody(json, schema)
}

/** Validates the query; each parameter may occur once, and unknown ones are refused. */
export function parseQuery<S extends z.ZodType>(url: URL, schema: S): z.infer<S> {
  const values: Record<string, string> = Object.create(null)
  const errors: FieldError[] = []
  for (const [name, value] of url.searchParams) {
    if (name in values) errors.push({ pointer: shown(name), message: 'must occur only once' })
    values[name] = value
  }
  const parsed = schema.safeParse({ ...values }, { reportInput: true })
  if (!parsed.success) errors.push(...fieldErrors(parsed.error.issues, (path) => path.map(String).join('.')))
  if (!parsed.success || errors.length) {
    throw new AppError('malformed', 'The query is invalid. Correct its parameters.', {
      errors: errors.slice(0, mostErrors),
    })
  }
  return parsed.data
}
