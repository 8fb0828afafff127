import { describe, expect, test } from 'vitest'
import { faultOfAction } from './action-call.ts'

const id = '40cb98cfb72f8d342ee78ef9b9d8eb32e5d3349b2e'
const other = '00'.repeat(21)
const known = new Set([id])

type Headers1 = Record<string, string>
const fault = (headers: Headers1, body: string | Buffer) =>
  faultOfAction(new Headers(headers), Buffer.from(body), known)

const asText = { 'next-action': id, 'content-type': 'text/plain;charset=UTF-8' }
const multipart = { 'content-type': 'multipart/form-data; boundary=----x' }
const asForm = { 'next-action': id, ...multipart }
const part = (name: string, value: string) =>
  `------x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const form = (fields: Record<string, string>) =>
  `${Object.entries(fields)
    .map(([name, value]) => part(name, value))
    .join('')}------x--\r\n`

describe('what a page of Postern sends passes', () => {
  test.each([
    '[]',
    '["grt_1"]',
    '[{"policy":"a: $b","last":3,"deep":[[["$$1"]]]}]',
    '["$undefined",null,1,true,"$K1"]',
  ])('%s as the arguments of an action', (body) => {
    expect(fault(asText, body)).toBeUndefined()
    expect(fault(asForm, form({ _1_reason: 'a\r\nb', '0': body }))).toBeUndefined()
  })

  test('a form as this platform encodes it, with any text in its fields', async () => {
    const data = new FormData()
    for (const value of ['', '--', 'ä€😀', '\r\n\r\n', 'Content-Disposition: form-data', '$1'])
      data.append('_1_text', value)
    data.append('0', '[{"error":null,"kept":{}},"$K1"]')
    const response = new Response(data)
    const headers = { 'next-action': id, 'content-type': response.headers.get('content-type') ?? '' }
    expect(fault(headers, Buffer.from(await response.arrayBuffer()))).toBeUndefined()
  })

  test('a form of a page without scripts, with and without bound arguments', () => {
    expect(fault(multipart, form({ [`$ACTION_ID_${id}`]: '', theme: 'dark' }))).toBeUndefined()
    const bound = {
      $ACTION_REF_1: '',
      '$ACTION_1:0': JSON.stringify({ id, bound: '$@1' }),
      '$ACTION_1:1': '[{"error":null,"kept":{}}]',
      $ACTION_KEY: 'k123',
      reason: 'x',
    }
    expect(fault(multipart, form(bound))).toBeUndefined()
    expect(fault(multipart, form({ ...bound, '$ACTION_1:0': JSON.stringify({ id, bound: null }) }))).toBeUndefined()
  })
})

describe('anything else is malformed', () => {
  test.each([
    '',
    '{',
    'null',
    '1',
    '"x"',
    '{}',
    '["$1"]',
    '["$F1"]',
    '["$@1"]',
    '["$Q1"]',
    '["$B1"]',
    '["$A1"]',
    '["$R1"]',
    '["$0:constructor"]',
    '["$K"]',
    '["$Kfffffffff"]',
    '[{"a":{"then":"$1"}}]',
    '[',
    `${'['.repeat(9_000)}${']'.repeat(9_000)}`,
    `[${'1,'.repeat(1_001)}1]`,
  ])('%s as the arguments of an action', (body) => {
    expect(fault(asText, body)).toBe('malformed')
    expect(fault(asForm, form({ '0': body }))).toBe('malformed')
    const bound = { $ACTION_REF_1: '', '$ACTION_1:0': JSON.stringify({ id, bound: '$@1' }), '$ACTION_1:1': body }
    expect(fault(multipart, form(bound))).toBe('malformed')
  })

  test('text that is not UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('["'), Buffer.from([0xff]), Buffer.from('"]')])
    expect(fault(asText, bytes)).toBe('malformed')
    const whole = Buffer.from(form({ '0': '[]', _1_a: '\u0001' }))
    whole[whole.indexOf(1)] = 0xff
    expect(fault(asForm, whole)).toBe('malformed')
  })

  test.each([
    ['nothing', ''],
    ['garbage', 'garbage'],
    ['a form without an end', part('0', '[]')],
    ['a form that ends twice', `${form({ '0': '[]' })}${form({ '0': '[]' })}`],
    ['a form without fields', '------x--\r\n'],
    ['a form without arguments', form({ _1_a: 'b' })],
    ['a form with a field of another kind', form({ '0': '[]', '1': '[]' })],
    ['a file', '------x\r\nContent-Disposition: form-data; name="0"; filename="a"\r\n\r\n[]\r\n------x--\r\n'],
    ['a part with another header', '------x\r\nfoo\r\n\r\n[]\r\n------x--\r\n'],
    ['a part without a header', '------x\r\n\r\n[]\r\n------x--\r\n'],
    ['another boundary', form({ '0': '[]' }).replaceAll('----x', '----y')],
  ])('%s in place of the form of an action', (_, body) => {
    expect(fault(asForm, body)).toBe('malformed')
  })

  test.each([
    ['no action', form({ reason: 'x' })],
    ['an action that is not an identifier', form({ $ACTION_ID_x: '' })],
    ['a reference to nothing', form({ $ACTION_REF_1: '' })],
    ['a reference that is not JSON', form({ $ACTION_REF_1: '', '$ACTION_1:0': '{' })],
    ['a reference without an identifier', form({ $ACTION_REF_1: '', '$ACTION_1:0': '{"bound":null}' })],
    ['bound arguments that are missing', form({ $ACTION_REF_1: '', '$ACTION_1:0': `{"id":"${id}","bound":"$@7"}` })],
    ['bound arguments of another kind', form({ $ACTION_REF_1: '', '$ACTION_1:0': `{"id":"${id}","bound":[1]}` })],
  ])('a form of a page without scripts that names %s', (_, body) => {
    expect(fault(multipart, body)).toBe('malformed')
  })

  test('another content type or another identifier', () => {
    expect(fault({ 'next-action': id, 'content-type': 'application/x-www-form-urlencoded' }, 'a=b')).toBe('malformed')
    expect(fault({ 'next-action': id }, '[]')).toBe('malformed')
    expect(fault({ ...asForm, 'content-type': 'multipart/form-data' }, form({ '0': '[]' }))).toBe('malformed')
    expect(fault({ ...asForm, 'content-type': 'multipart/mixed; boundary=----x' }, form({ '0': '[]' }))).toBe(
      'malformed',
    )
    for (const contentType of ['application/x-www-form-urlencoded', 'text/plain', 'application/json', ''])
      expect(fault({ 'content-type': contentType }, 'a=b'), contentType).toBe('malformed')
    for (const action of ['', 'x', '__proto__', id.slice(1), `${id}0`, id.toUpperCase()])
      expect(fault({ ...asText, 'next-action': action }, '[]'), action).toBe('malformed')
  })
})

test('an action of another build is unknown', () => {
  expect(fault({ ...asText, 'next-action': other }, '[]')).toBe('unknown')
  expect(fault(multipart, form({ [`$ACTION_ID_${other}`]: '' }))).toBe('unknown')
  const reference = { $ACTION_REF_1: '', '$ACTION_1:0': JSON.stringify({ id: other, bound: null }) }
  expect(fault(multipart, form(reference))).toBe('unknown')
  expect(faultOfAction(new Headers({ ...asText, 'next-action': other }), Buffer.from('[]'), null)).toBeUndefined()
})
