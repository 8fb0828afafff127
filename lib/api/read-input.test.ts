import { expect, test } from 'vitest'
import { AppError } from '#lib/core/access/errors'
import { submissionSchema } from '#lib/core/access/request'
import { endpoints } from './endpoints.ts'
import { maxBodyBytes, parseBody, parseQuery, readJsonText } from './read-input.ts'

const submission = {
  entitlement: 'payments-restart',
  cluster: 'prod-eu',
  namespaces: ['payments'],
  reason: 'Payments hang since the last release',
  duration: 'PT30M',
}

async function refusal(act: () => unknown): Promise<AppError> {
  try {
    await act()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const posted = (body: BodyInit | null, type = 'application/json') =>
  new Request('http://localhost/', { method: 'POST', body, headers: type ? { 'content-type': type } : {} })

test('each thing that is wrong with a body is named, with where it is and what would be right', async () => {
  const body = { ...submission, namespaces: [], duration: 'PT0S', reason: 'a\u202eb', startsAt: 'tomorrow' }
  const error = await refusal(() => parseBody(JSON.stringify(body), submissionSchema))
  expect(error.code).toBe('invalid')
  expect(Object.fromEntries(error.errors.map(({ pointer, message }) => [pointer, message]))).toEqual({
    '/namespaces': 'name at least one namespace',
    '/duration': 'must be greater than zero, such as PT30M',
    '/reason': 'must not contain characters that reorder text',
    '/startsAt': 'must be a time such as 2026-11-23T09:00:00Z',
  })
})

test('what has another shape is malformed: unknown, missing and mistyped fields, each by name', async () => {
  const { reason: _, ...rest } = submission
  const body = { ...rest, cluster: 7, 'a/b~c': 1, __proto__x: {} }
  const error = await refusal(() => parseBody(JSON.stringify(body), submissionSchema))
  expect(error.code).toBe('malformed')
  expect(Object.fromEntries(error.errors.map(({ pointer, message }) => [pointer, message]))).toEqual({
    '/cluster': 'must be a string',
    '/reason': 'is missing',
    '/a~1b~0c': 'is not known here',
    '/__proto__x': 'is not known here',
  })
})

test('text that is not JSON, not an object or hides a prototype is refused', async () => {
  for (const text of ['{', 'null', '[]', '"x"', '{"__proto__": {"x": 1}}']) {
    expect((await refusal(() => parseBody(text, submissionSchema))).code, text).toBe('malformed')
  }
})

test('a body is at most 256 KiB, whether or not its length is declared', async () => {
  const large = 'x'.repeat(maxBodyBytes + 1)
  expect((await refusal(() => readJsonText(posted(large), false))).code).toBe('too-large')
  const chunks = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
  })
  const undeclared = new Request('http://localhost/', {
    method: 'POST',
    body: chunks,
    headers: { 'content-type': 'application/json' },
    duplex: 'half',
  } as RequestInit)
  expect((await refusal(() => readJsonText(undeclared, false))).code).toBe('too-large')
})

test('only JSON in UTF-8 is read', async () => {
  for (const type of ['', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    expect((await refusal(() => readJsonText(posted('{}', type), false))).code, type).toBe('unsupported-media-type')
  }
  expect((await refusal(() => readJsonText(posted(new Uint8Array([0xff, 0xfe])), false))).code).toBe('malformed')
  expect(await readJsonText(posted('{}', 'application/json; charset=utf-8'), false)).toBe('{}')
  expect(await readJsonText(posted(null, ''), true)).toBe('')
})

test('a query parameter that is not known, given twice or of no sense is refused by its name', async () => {
  const read = (query: string) => () => parseQuery(new URL(`http://localhost/?${query}`), endpoints.listRequests.query)
  expect(read('')()).toEqual({ role: 'mine' })
  expect(read('role=inbox&limit=5')()).toEqual({ role: 'inbox', limit: 5 })
  for (const [query, pointer] of [
    ['statsu=pending', 'statsu'],
    ['status=approvd', 'status'],
    ['role=mine&role=all', 'role'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=1e2', 'limit'],
    ['__proto__=x', '__proto__'],
  ] as const) {
    const error = await refusal(read(query))
    expect([error.code, error.errors[0]?.pointer], query).toEqual(['malformed', pointer])
  }
})
