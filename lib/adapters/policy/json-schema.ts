import { z } from 'zod'
import { configurationSchema } from './configuration.ts'

export type JsonSchema = { [key: string]: unknown }

/**
 * The JSON Schema (draft 2020-12) of postern.yaml as people write it: durations are text, and keys with a default are
 * optional. Committed as public/postern.schema.json; `npx vitest run lib/adapters/policy -u` updates the file.
 */
export const configurationJsonSchema = (): JsonSchema =>
  z.toJSONSchema(configurationSchema, { io: 'input' }) as JsonSchema

/** A schema and the members of its `anyOf` and `oneOf`, with references resolved. */
function alternatives(root: JsonSchema, schema: unknown): JsonSchema[] {
  let found = schema
  while (typeof found === 'object' && found !== null && '$ref' in found) {
    const name = String(found.$ref).split('/').at(-1) ?? ''
    found = (root.$defs as JsonSchema | undefined)?.[name]
  }
  if (typeof found !== 'object' || found === null) return []
  const one = found as JsonSchema
  const others = [one.anyOf, one.oneOf].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []))
  return [one, ...others.flatMap((other) => alternatives(root, other))]
}

function childOf(schema: JsonSchema, key: string | number): unknown {
  if (typeof key === 'number') return schema.items
  const properties = schema.properties as JsonSchema | undefined
  return properties && Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties
}

/** The keys that are allowed at a path of the configuration. */
export function keysAt(root: JsonSchema, path: readonly (string | number)[]): string[] {
  let schemas = alternatives(root, root)
  for (const key of path) schemas = schemas.flatMap((schema) => alternatives(root, childOf(schema, key)))
  return [...new Set(schemas.flatMap(({ properties }) => Object.keys((properties as JsonSchema | undefined) ?? {})))]
}
