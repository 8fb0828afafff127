import { expect, test } from 'vitest'
import { configurationJsonSchema, type JsonSchema, keysAt } from './json-schema.ts'

test('the published JSON Schema is the schema with which the configuration is parsed', async () => {
  // To update the file: npx vitest run lib/adapters/policy -u
  const text = `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`
  await expect(text).toMatchFileSnapshot('../../../public/postern.schema.json')
})

test('the JSON Schema has durations as text and allows no unknown fields', () => {
  const objects: JsonSchema[] = []
  const collect = (schema: unknown) => {
    if (typeof schema !== 'object' || schema === null) return
    if ('properties' in schema) objects.push(schema as JsonSchema)
    for (const child of Object.values(schema)) collect(child)
  }
  collect(configurationJsonSchema())
  expect(objects.length).toBeGreaterThan(10)
  expect(objects.filter((schema) => schema.additionalProperties !== false)).toEqual([])
  const lapseAfter = objects.map((schema) => (schema.properties as JsonSchema).lapseAfter).find(Boolean)
  expect(lapseAfter).toMatchObject({ type: 'string', format: 'duration', default: 'PT24H' })
})

test('the keys allowed at a path are found through lists and references', () => {
  const schema = configurationJsonSchema()
  expect(keysAt(schema, [])).toContain('publicUrl')
  expect(keysAt(schema, ['entitlements', 3, 'duration'])).toEqual(['default', 'max', 'maxTotal'])
  expect(keysAt(schema, ['entitlements', 0, 'rules', 0])).toEqual(['apiGroups', 'resources', 'verbs', 'resourceNames'])
  expect(keysAt(schema, ['roles', 'admin'])).toEqual(['groups', 'people'])
  expect(keysAt(schema, ['clusters', 0, 'labels', 'x'])).toEqual([])
  expect(keysAt(schema, ['guardrailPack', 'exec-only-with-ticket'])).toEqual(['pattern'])
  expect(keysAt(schema, ['guardrails', 0, 'limit', 'freezes', 0])).toEqual(['name', 'from', 'to', 'zone', 'calendar'])
  expect(keysAt(schema, ['__proto__', 'constructor'])).toEqual([])
})
