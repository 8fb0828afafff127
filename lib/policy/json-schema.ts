import { z } from 'zod'
import { configurationSchema } from './configuration.ts'

export type JsonSchema = { [key: string]: unknown }

/**
 * postern.yaml as JSON Schema (draft 2020-12), as written by people: durations are text, defaults may be left out.
 * Committed as public/postern.schema.json; `npx vitest run lib/policy -u` writes it anew.
 */
export const configurationJsonSchema = (): JsonSchema =>
  z.toJSONSchema(configurationSchema, { io: 'input' }) as JsonSchema

function childOf(schema: JsonSchema, key: string | number): unknown {
  if (typeof key === 'number') return schema.items
  const properties = schema.properties as JsonSchema | undefined
  return properties && Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties
}

function resolved(root: JsonSchema, schema: unknown): JsonSchema {
  let found = schema
  while (typeof found === 'object' && found !== null && '$ref' in found) {
    const name = String(found.$ref).split('/').at(-1) ?? ''
    found = (root.$defs as JsonSchema | undefined)?.[name]
  }
  return typeof found === 'object' && found !== null ? (found as JsonSchema) : {}
}

/** The keys that may stand at this place of the configuration. */
export function keysAt(root: JsonSchema, path: readonly (string | number)[]): string[] {
  let schema = resolved(root, root)
  for (const key of path) schema = resolved(root, childOf(schema, key))
  return Object.keys((schema.properties as JsonSchema | undefined) ?? {})
}
