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

test('each invalid value of a body is reported with its place and the expected value', async () => {
  const body = { ...submission, namespaces: [], duration: 'PT0S', reason: 'a\u202eb', startsAt: 'tomorrow' }
  const error = await refusal(() => parseBody(JSON.stringify(body), submissionSchema))
  expect(error.code).toBe('invalid')
  expect(Object.fromEntries(error.errors.map(({ pointer, message }) => [pointer, message]))).toEqual({
    '/namespaces': 'name at least one namespace',
    '/duration': 'must be an ISO 8601 duration greater than zero, such as PT30M or PT1H30M',
    '/reason': 'must not contain control characters or characters that reorder text',
    '/startsAt': 'must be a time such as 2026-11-23T09:00:00Z',
  })
})

test('unknown, missing and mistyped fields make a body malformed, and each is named', async () => {
  const { reason: _, ...rest } = submission
  const body = { ...rest, cluster: 7, 'a/b~c': 1, __proto__x: {} }
  const error = await refusal(() => parseBody(JSON.stringify(body), submissionSchema))
  expect(error.code).toBe('malformed')
  expect(Object.fromEntries(error.errors.map(({ pointer, message }) => [pointer, message]))).toEqual({
    '/cluster': 'must be a string',
    '/reason': 'is missing',
    '/a~1b~0c': 'is not a known field',
    '/__proto__x': 'is not a known field',
  })
})

test('a body that is not a JSON object, or has a __proto__ field, is refused', async () => {
  for (const text of ['{', 'null', '[]', '"x"', '{"__proto__": {"x": 1}}']) {
    expect((await refusal(() => parseBody(text, submissionSchema))).code, text).toBe('malformed')
  }
})

test('a body larger than 256 KiB is refused, whether or not its length is declared', async () => {
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

test('only a body of JSON in UTF-8 is accepted', async () => {
  for (const type of ['', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    expect((await refusal(() => readJsonText(posted('{}', type), false))).code, type).toBe('unsupported-media-type')
  }
  expect((await refusal(() => readJsonText(posted(new Uint8Array([0xff, 0xfe])), false))).code).toBe('malformed')
  expect(await readJsonText(posted('{}', 'application/json; charset=utf-8'), false)).toBe('{}')
  expect(await readJsonText(posted(null, ''), true)).toBe('')
})

test('an unknown, repeated or invalid query parameter is refused by its name', async () => {
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

test('at most a hundred invalid fields are named, however many there are', async () => {
  const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`k${n}`, 1]))
  const body = await refusal(() => parseBody(JSON.stringify(many), submissionSchema))
  expect(body.errors).toHaveLength(100)
  const url = new URL(`http://localhost/?${'a&'.repeat(5_000)}`)
  const query = await refusal(() => parseQuery(url, endpoints.listRequests.query))
  expect(query.errors).toHaveLength(100)
})
