import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { ApiDocument } from '#testing/fuzz/calls'
import { valuesOf } from '#testing/fuzz/values'
import { type Endpoint, endpoints } from './endpoints.ts'
import { idempotencyKeyOf } from './idempotency-key.ts'
import { openApiDocument } from './openapi.ts'

const document = openApiDocument('https://postern.example.com')
const anyKey = z.string().refine((key) => idempotencyKeyOf(new Headers({ 'Idempotency-Key': key })) === key)

test('every route has an endpoint in the document, and every endpoint has a route', () => {
  const built = readdirSync('app/api/v1', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('route.ts'))
    .map((file) => `/${file.replace(/\/route\.ts$/, '').replace(/\[(\w+)\]/g, '{$1}')}`)
    .filter((path) => path !== '/openapi.json')
  expect(Object.keys(document.paths ?? {}).sort()).toEqual(built.sort())
})

test('the document has the body, the responses and the schemas of a call', () => {
  expect(document.openapi).toBe('3.1.1')
  const post = document.paths?.['/requests']?.post
  expect(post?.requestBody).toMatchObject({ required: true })
  expect(Object.keys(post?.responses ?? {})).toEqual(
    expect.arrayContaining(['201', '400', '401', '409', '413', '415', '422', '503']),
  )
  expect(document.components?.schemas).toHaveProperty('Submission')
  expect(document.components?.schemas).toHaveProperty('Problem')
  expect(JSON.stringify(document)).not.toContain('"$ref":"#/components/schemas/undefined"')
})

test('operation names are unique', () => {
  const names = Object.values(endpoints).map((endpoint) => endpoint.operation)
  expect(new Set(names).size).toBe(names.length)
  for (const [key, endpoint] of Object.entries(endpoints)) expect(endpoint.operation).toBe(key)
})

describe('every call that the description allows', () => {
  const { paths, components } = document as unknown as ApiDocument
  const resolve = (ref: string) => components.schemas[ref.split('/').at(-1) ?? ''] ?? {}
  const cases = Object.values<Endpoint>(endpoints).map((endpoint) => {
    const operation = paths[endpoint.path]?.[endpoint.method.toLowerCase()]
    return { name: endpoint.operation, endpoint, operation }
  })

  test.each(cases.filter(({ endpoint }) => endpoint.body))('matches the schema of its body: $name', (one) => {
    const schema = one.operation?.requestBody?.content['application/json']?.schema
    fc.assert(
      fc.property(valuesOf(schema ?? {}, resolve, {}), (body) => {
        expect(one.endpoint.body?.safeParse(body)).toMatchObject({ success: true })
      }),
    )
  })

  // Parameters can't say that exactly one of them is set, so explainAccess says it in words.
  test.each(cases.filter(({ endpoint }) => !endpoint.refusedWhen?.[400]))('matches its parameters: $name', (one) => {
    const { query, params } = one.endpoint
    const read: Record<string, z.core.$ZodType> = {
      ...query.shape,
      ...params,
      ...(one.endpoint.idempotency ? { 'Idempotency-Key': anyKey } : {}),
    }
    const described = one.operation?.parameters ?? []
    expect(described.map(({ name }) => name).sort()).toEqual(Object.keys(read).sort())
    for (const { name, schema } of described)
      fc.assert(
        fc.property(valuesOf(schema, resolve, {}), (value) => {
          expect(z.safeParse(read[name] ?? z.never(), value)).toMatchObject({ success: true })
        }),
      )
  })
})

/** Every schema inside of a value. */
function schemasIn(value: unknown): Array<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return []
  return [value as Record<string, unknown>, ...Object.values(value).flatMap(schemasIn)]
}

test('programs can make calls from the rules of the document: closed objects, and patterns without classes of Unicode', () => {
  const schemas = schemasIn({ paths: document.paths, components: document.components })
  for (const { type, properties, additionalProperties } of schemas)
    if (type === 'object' && properties !== undefined)
      expect(additionalProperties, JSON.stringify(properties)).toBe(false)
  const patterns = schemas.flatMap(({ pattern }) => (typeof pattern === 'string' ? [pattern] : []))
  expect(patterns.length).toBeGreaterThan(10)
  expect(patterns.filter((pattern) => /\\p|\(\?[=!<]|\\ud[89a-f]/i.test(pattern))).toEqual([])
  // A format says what a pattern of a thousand characters would.
  expect(schemas.filter(({ format, pattern }) => format && pattern)).toEqual([])
})

test('Schemathesis expects a refusal of a valid call only where the description says why', () => {
  const settings = readFileSync('local/schemathesis/schemathesis.toml', 'utf8').split('[[operations]]').slice(1)
  const expected = settings.flatMap((text) => {
    const [names, statuses] = [/include-operation-id = (.*)/, /positive_data_acceptance.expected-statuses = (.*)/].map(
      (line) => line.exec(text)?.[1],
    )
    const refusals = JSON.parse(statuses ?? '').filter((status: unknown) => status === 400 || status === 422)
    return (JSON.parse(names ?? '') as string[]).map((name) => [name, refusals])
  })
  const described = Object.values<Endpoint>(endpoints).flatMap(({ operation, refusedWhen = {} }) => {
    // Schemathesis expects 409 by default.
    const refusals = Object.keys(refusedWhen)
      .map(Number)
      .filter((status) => status !== 409)
    return refusals.length > 0 ? [[operation, refusals]] : []
  })
  expect(Object.fromEntries(expected)).toEqual(Object.fromEntries(described))
})
