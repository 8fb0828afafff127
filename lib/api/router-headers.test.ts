import { parseAndValidateFlightRouterState } from 'next/dist/server/app-render/parse-and-validate-flight-router-state.js'
import { expect, test } from 'vitest'
import { areRouterHeaders } from './router-headers.ts'

const page = ['__PAGE__?{"namespace":"{payments"}', {}]
const request = ['requestId', 'req_01m84sqapfffhsd8esctezq3wc', 'd', null]
const nested = (levels: number): unknown[] => (levels === 0 ? ['', {}] : ['', { children: nested(levels - 1) }])
const areAccepted = (tree: string) => areRouterHeaders({ rsc: '1', 'next-router-state-tree': tree })

test.each<[string, unknown]>([
  ['the root', ['', {}]],
  ['a page', ['', { children: ['(console)', { children: ['inbox', { children: page }] }] }, null, null, 16]],
  ['a page with a parameter', ['', { children: ['requests', { children: [request, { children: page }] }] }]],
  ['a page to be fetched again', ['', { children: page }, ['/inbox', '?a'], 'refetch']],
  ['the metadata of a page', ['', {}, null, 'metadata-only', null, 'x']],
])('the state of the router is accepted: %s', (_, tree) => {
  expect(areAccepted(encodeURIComponent(JSON.stringify(tree)))).toBe(true)
})

test.each<string>([
  '',
  '%',
  'null',
  '{}',
  '[]',
  '[""]',
  '["",null]',
  '[1,{}]',
  '["",{"a":1}]',
  '["",{"a":["",{"b":null}]}]',
  '["",{},"x"]',
  '["",{},null,"x"]',
  '["",{},null,null,"x"]',
  '["",{},null,null,null,1]',
  '["",{},null,null,null,"x",1]',
  '[["a","b","x",null],{}]',
  '[["a","b","d"],{}]',
  '["",{"__proto__":1}]',
])('whatever Next.js throws for is refused: %s', (tree) => {
  expect(() => parseAndValidateFlightRouterState(tree)).toThrow()
  expect(areAccepted(tree)).toBe(false)
})

test('a tree that nests deeply is refused, although it is one', () => {
  expect(areAccepted(JSON.stringify(nested(19)))).toBe(true)
  for (const levels of [20, 1_000]) expect(areAccepted(JSON.stringify(nested(levels))), `${levels}`).toBe(false)
})

test('a kind of prefetch that no page makes is refused', () => {
  expect(areRouterHeaders({ rsc: '1', 'next-router-prefetch': '1' })).toBe(true)
  for (const kind of ['', '0', '2', '3', '__proto__'])
    expect(areRouterHeaders({ 'next-router-prefetch': kind }), kind).toBe(false)
})
