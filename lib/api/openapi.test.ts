import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { endpoints } from './endpoints.ts'
import { openApiDocument } from './openapi.ts'

const document = openApiDocument('https://postern.example.com')

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
