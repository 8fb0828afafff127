import fc from 'fast-check'
import { type Hints, hostileName, hostileText, hostileValue, type Schema, valuesOf } from './values.ts'

// Calls of the API, generated from its own description: some valid, most with a mistake.

type Parameter = { in: 'path' | 'query' | 'header'; name: string; schema: Schema }
export type Operation = {
  operationId: string
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { content: Record<string, { schema: Schema }> }>
}
export type ApiDocument = {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

/** A call as it is sent. `{id}` in the path is replaced on sending, because the ids are known only then. */
export type FuzzCall = {
  operation: string
  method: string
  path: string
  /** The number of a known id, or text to send instead of one. */
  id: number | string
  query: string
  headers: Record<string, string>
  /** Bytes in base64, so that a call can be printed and repeated. */
  body: string | null
  /** Replaces the digest in the body by that of the request, if it is known. */
  withDigest: boolean
  /** 0 to 1: who calls, and with which credentials. */
  who: number
}

const encode = (text: string) =>
  [...new TextEncoder().encode(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

/** Evenly from 0 to below 1: `fc.double` prefers the ends. */
const part = fc.noBias(fc.integer({ min: 0, max: 999 })).map((thousandths) => thousandths / 1000)

/** Puts `value` in one place of a JSON value: a leaf, a branch or the root. */
function spoil(json: unknown, value: unknown, at: number): unknown {
  if (typeof json !== 'object' || json === null) return value
  const keys = Object.keys(json)
  if (keys.length === 0 || at < 0.15) return value
  const index = Math.min(keys.length - 1, Math.floor(at * keys.length))
  const key = keys[index] ?? ''
  const inner = spoil((json as Record<string, unknown>)[key], value, at * keys.length - index)
  return Array.isArray(json) ? json.map((item, n) => (n === index ? inner : item)) : { ...json, [key]: inner }
}

/** JSON text with one more field, including names that JSON.stringify would not write. */
const withField = (json: unknown, name: string, value: unknown) => {
  const text = JSON.stringify(json)
  const field = `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`
  return text?.startsWith('{') ? `{${field}${text === '{}' ? '' : ','}${text.slice(1)}` : `{${field}}`
}

const utf8 = (text: string) => Buffer.from(text.toWellFormed(), 'utf8')
/** JSON.stringify escapes half a surrogate pair, which is valid JSON: so it arrives. */
const jsonBytes = (json: unknown) => utf8(JSON.stringify(json) ?? '')

const brokenBytes = fc.constantFrom(
  Buffer.from([0xff, 0xfe, 0x00]),
  Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]),
  Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]),
  utf8(''),
  utf8('{'),
  utf8('null'),
  utf8('[]'),
  utf8('"x"'),
  utf8('1e999'),
  utf8('{"a":1,"a":2}'),
  utf8('{"reason":"\\ud800"}'),
  utf8('['.repeat(50_000)),
  utf8('{"a":'.repeat(20_000)),
  utf8(`{"n":${'9'.repeat(100_000)}}`),
)

/** Above the limit of 256 KiB. */
const tooLarge = utf8(`{"reason":"${'x'.repeat(300_000)}"}`)

function bodyOf(schema: Schema, document: ApiDocument, hints: Hints): fc.Arbitrary<Buffer> {
  const resolve = (ref: string) => document.components.schemas[ref.split('/').at(-1) ?? ''] ?? {}
  const good = valuesOf(schema, resolve, hints)
  return fc.oneof(
    { weight: 4, arbitrary: good.map(jsonBytes) },
    {
      weight: 5,
      arbitrary: fc.tuple(good, hostileValue, part).map(([json, value, at]) => jsonBytes(spoil(json, value, at))),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(good, hostileName, hostileValue)
        .map(([json, name, value]) => utf8(withField(json, name, value))),
    },
    { weight: 1, arbitrary: good.map((json) => jsonBytes(json).subarray(0, -3)) },
    { weight: 1, arbitrary: hostileValue.map(jsonBytes) },
    { weight: 1, arbitrary: brokenBytes },
    { weight: 1, arbitrary: fc.constant(tooLarge) },
  )
}

function queryOf(parameters: Parameter[], hints: Hints): fc.Arbitrary<string> {
  const known = parameters.filter((one) => one.in === 'query')
  const pair = (name: fc.Arbitrary<string>, value: fc.Arbitrary<unknown>) =>
    fc
      .tuple(name, value)
      .map(
        ([key, text]) =>
          `${encode(key.slice(0, 800).toWellFormed())}=${encode(String(text).slice(0, 800).toWellFormed())}`,
      )
  const good = known.map(({ name, schema }) =>
    pair(
      fc.constant(name),
      valuesOf(schema, () => ({}), hints, name),
    ),
  )
  const spoilt = known.map(({ name }) => pair(fc.constant(name), hostileText))
  const raw = fc.constantFrom(
    '%',
    '%zz',
    '%c3%28',
    '=',
    '&&&',
    'a=b=c',
    `${'x='.repeat(300)}`,
    '__proto__=1',
    'constructor[prototype]=1',
  )
  const any = [...good, ...good, ...spoilt, pair(hostileName, hostileText), raw]
  return fc.array(fc.oneof(...any), { maxLength: 3 }).map((pairs) => pairs.join('&'))
}

const idOf = (at: Parameter | undefined): fc.Arbitrary<number | string> => {
  const shaped = at?.schema.pattern ? fc.stringMatching(new RegExp(at.schema.pattern, 'u')) : fc.constant('')
  return fc.oneof(
    { weight: 6, arbitrary: fc.nat(1_000) },
    { weight: 2, arbitrary: shaped },
    { weight: 2, arbitrary: hostileText.map((text) => String(text).slice(0, 800).toWellFormed()) },
  )
}

const contentTypes = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'APPLICATION/JSON',
  'application/merge-patch+json',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'application/xml',
  '',
  'x',
  ';',
  'application/json,application/json',
]

const someHeaders = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Record<string, string>[]>(
      { 'idempotency-key': 'the-same-key-again' },
      { 'idempotency-key': '' },
      { 'idempotency-key': 'x'.repeat(201) },
      { 'idempotency-key': 'with blank' },
      { 'idempotency-key': '\u00e9' },
      { host: 'evil.example' },
      { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher' },
      { 'x-http-method-override': 'DELETE' },
      { 'accept-encoding': 'gzip;q=x' },
      { range: 'bytes=0-1' },
      { 'if-none-match': '*' },
      { 'next-action': '00'.repeat(21) },
      { 'x-middleware-subrequest': 'proxy:proxy:proxy' },
      { origin: 'https://evil.example' },
      { 'content-encoding': 'gzip' },
    ),
  },
)

/** Calls of one operation. */
function callsOf(
  document: ApiDocument,
  path: string,
  method: string,
  operation: Operation,
  hints: Hints,
): fc.Arbitrary<FuzzCall> {
  const parameters = operation.parameters ?? []
  const schema = operation.requestBody?.content['application/json']?.schema
  const type = fc.oneof(
    { weight: 8, arbitrary: fc.constant('application/json') },
    { weight: 1, arbitrary: fc.constantFrom(...contentTypes) },
  )
  return fc.record({
    operation: fc.constant(operation.operationId),
    method: fc.oneof(
      { weight: 30, arbitrary: fc.constant(method.toUpperCase()) },
      { weight: 1, arbitrary: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND') },
    ),
    path: fc.constant(path),
    id: idOf(parameters.find((one) => one.in === 'path')),
    query: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: queryOf(parameters, hints) }),
    headers: fc.tuple(type, someHeaders).map(([contentType, more]) => ({
      ...(schema && contentType ? { 'content-type': contentType } : {}),
      ...more,
    })),
    body: schema ? bodyOf(schema, document, hints).map((bytes) => bytes.toString('base64')) : fc.constant(null),
    withDigest: fc.boolean(),
    who: part,
  })
}

/** `count` calls of all operations of a description: the same for the same seed. */
export function fuzzCalls(document: ApiDocument, hints: Hints, count: number, seed: number): FuzzCall[] {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => callsOf(document, path, method, operation, hints)),
  )
  return fc.sample(fc.oneof(...operations), { numRuns: count, seed })
}

/** The path as it is sent. */
export const pathOf = ({ path, query }: FuzzCall, id: string) =>
  `/api/v1${path.replace('{id}', /^[a-z]{3}_[0-9a-z]{26}$/.test(id) ? id : encode(id))}${query ? `?${query}` : ''}`
