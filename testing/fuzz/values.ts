import fc from 'fast-check'

// Values for a JSON Schema, and values that no schema accepts.

export type Schema = {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  pattern?: string
  format?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
}

type Resolve = (ref: string) => Schema

/** By property, values that mean something in the configuration under test, which a schema cannot say. */
export type Hints = Record<string, readonly unknown[]>

function textOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.format === 'date-time')
    return fc
      .date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString())
  // fast-check does not support Unicode properties in a pattern. Any text will do there: a refusal is a test too.
  const { minLength = 0, maxLength = 50 } = schema
  if (schema.pattern && !schema.pattern.includes('\\p{'))
    return fc
      .stringMatching(new RegExp(schema.pattern, 'u'))
      .filter(({ length }) => length >= minLength && length <= (schema.maxLength ?? length))
  return fc.string({ minLength, maxLength: Math.min(maxLength, Math.max(minLength, 60)), unit: 'grapheme' })
}

/** Values that the schema accepts. `hints` for the property's name are preferred most of the time. */
export function valuesOf(schema: Schema, resolve: Resolve, hints: Hints, name = ''): fc.Arbitrary<unknown> {
  const own = valuesOfSchema(schema, resolve, hints)
  const hinted = hints[name]
  return hinted ? fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...hinted) }, { weight: 1, arbitrary: own }) : own
}

/** One schema for each way to fulfil `oneOf`, where that only says which fields there are. */
function alternatives({ oneOf = [], ...schema }: Schema): Schema[] {
  const exclusive = oneOf.flatMap(({ required = [] }) => required)
  return oneOf.map(({ required = [] }) => ({
    ...schema,
    required: [...(schema.required ?? []), ...required],
    properties: Object.fromEntries(
      Object.entries(schema.properties ?? {}).filter(([name]) => required.includes(name) || !exclusive.includes(name)),
    ),
  }))
}

function valuesOfSchema(schema: Schema, resolve: Resolve, hints: Hints): fc.Arbitrary<unknown> {
  if (schema.$ref) return valuesOf(resolve(schema.$ref), resolve, hints)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.const !== undefined) return fc.constant(schema.const)
  const choices = schema.properties && schema.oneOf ? alternatives(schema) : (schema.anyOf ?? schema.oneOf)
  if (choices) return fc.oneof(...choices.map((one) => valuesOf(one, resolve, hints)))
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (type === 'object') {
    const properties = Object.entries(schema.properties ?? {})
    const arbitraries = Object.fromEntries(properties.map(([key, one]) => [key, valuesOf(one, resolve, hints, key)]))
    return fc.record(arbitraries, { requiredKeys: schema.required ?? [] })
  }
  if (type === 'array') {
    const { minItems = 0, maxItems = 5 } = schema
    return fc.array(valuesOf(schema.items ?? {}, resolve, hints), {
      minLength: minItems,
      maxLength: Math.min(maxItems, 5),
    })
  }
  if (type === 'integer') return fc.integer({ min: schema.minimum, max: schema.maximum })
  if (type === 'number') return fc.double()
  if (type === 'boolean') return fc.boolean()
  if (type === 'null') return fc.constant(null)
  return textOf(schema)
}

/** Text that breaks careless code. */
export const hostileText = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    'x\udfff',
    '\u202egnirts',
    '\u2066x\u2069',
    '\u200b',
    '\ufeff',
    '\x1b[31m\x1b]0;title\x07',
    "'; DROP TABLE requests; --",
    '" OR 1=1',
    '{{7*7}}<%= 7*7 %>',
    '<script>alert(1)</script>',
    "=cmd|' /C calc'!A0",
    '- a: &x [*x]\n  b: !!js/function x',
    '../../../../etc/passwd',
    '%00%0d%0aSet-Cookie: x=y',
    '\r\nX-Injected: yes',
    '__proto__',
    'constructor',
    'toString',
    'null',
    'undefined',
    'NaN',
    '-1',
    '1e999',
    '9'.repeat(400),
    '٣',
    'ﬀ',
    'I\u0307',
    '𝓹𝓪𝔂',
    '👩‍👩‍👧‍👦',
    'a'.repeat(70_000),
    'é'.repeat(3_000),
    '*'.repeat(63),
    'P99999999999999999999999999D',
    'PT1E9S',
    '-PT30M',
    'P1Y',
    '275760-09-13T00:00:00.001Z',
    '+275760-09-13T00:00:00Z',
    '9999-12-31T23:59:59.999+23:59',
    '0000-01-01T00:00:00Z',
  ),
  fc.string({ unit: 'binary', maxLength: 200 }),
)

const deep = (depth: number) => {
  let value: unknown = 'bottom'
  for (let level = 0; level < depth; level++) value = level % 2 ? [value] : { a: value }
  return value
}

/** Values of every type, including unreasonable sizes and depths. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom(null, true, false, 0, -0, -1, 1.5, 2 ** 53, 1e308, [], {}, [[]], [null], { __proto__x: 1 }),
  fc.constantFrom(
    deep(5),
    deep(400),
    Array(5_000).fill('x'),
    Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`k${n}`, n])),
  ),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>,
)

/** Field names that no body has. */
export const hostileName = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    '',
    'a/b~c',
    '\0',
    '\ud800',
    '$ref',
    'recorded',
    'length',
  ),
  hostileText as fc.Arbitrary<string>,
)
