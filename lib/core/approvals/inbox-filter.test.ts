import { expect, test } from 'vitest'
import {
  type InboxFacts,
  inboxChoices,
  inboxFilterIn,
  inboxHref,
  inInboxOrder,
  isNarrowing,
  matchesInbox,
} from './inbox-filter.ts'

let made = 0
const aRow = (over: Partial<InboxFacts> = {}): InboxFacts => ({
  id: `req_${String(made++).padStart(4, '0')}`,
  cluster: 'prod-eu',
  namespaces: ['payments'],
  severity: 'low',
  requester: { id: 'per_mina', name: 'Mina Okafor' },
  entitlement: 'payments-restart',
  title: 'Restart payment services',
  reason: 'the checkout hangs',
  ticket: null,
  createdAt: new Date(made),
  dueAt: new Date(1000),
  ...over,
})
const idsOf = (rows: InboxFacts[]) => rows.map(({ id }) => id)
const none = inboxFilterIn({})

test('a filter leaves out what differs in any of its fields', () => {
  const row = aRow({ namespaces: ['payments', 'checkout'], severity: 'high' })
  const fits = { cluster: 'prod-eu', namespace: 'checkout', severity: 'high', requester: 'per_mina' }
  expect(matchesInbox(row, inboxFilterIn(fits))).toBe(true)
  for (const other of Object.keys(fits))
    expect(matchesInbox(row, inboxFilterIn({ ...fits, [other]: 'search' })), other).toBe(false)
})

test('a search finds every word in any case, wherever it occurs', () => {
  const row = aRow({ ticket: 'PAY-123' })
  for (const q of ['RESTART', 'hangs mina', 'pay-123', 'payments prod-eu'])
    expect(matchesInbox(row, inboxFilterIn({ q })), q).toBe(true)
  expect(matchesInbox(row, inboxFilterIn({ q: 'restart search' }))).toBe(false)
})

test('the most urgent is the one that starts or expires first, and equal ones are in order of age', () => {
  const [late, soon, alsoLate] = [aRow(), aRow({ dueAt: new Date(10) }), aRow()]
  expect(idsOf(inInboxOrder([alsoLate, late, soon], none))).toEqual(idsOf([soon, late, alsoLate]))
  expect(idsOf(inInboxOrder([alsoLate, late, soon], { ...none, sort: 'oldest' }))).toEqual(
    idsOf([late, soon, alsoLate]),
  )
})

test('the most severe come first by risk', () => {
  const [low, high, medium] = [aRow(), aRow({ severity: 'high' }), aRow({ severity: 'medium' })]
  expect(idsOf(inInboxOrder([low, high, medium], { ...none, sort: 'risk' }))).toEqual(idsOf([high, medium, low]))
})

test('a group keeps the requests of one person together, also of two people with one name', () => {
  const other = { id: 'per_other', name: 'Mina Okafor' }
  const rows = [
    aRow(),
    aRow({ requester: other }),
    aRow(),
    aRow({ requester: other }),
    aRow({ requester: { id: 'per_a', name: 'Ada' } }),
  ]
  const people = inInboxOrder(rows, { ...none, isGrouped: true }).map(({ requester }) => requester.id)
  expect(people).toEqual(['per_a', 'per_mina', 'per_mina', 'per_other', 'per_other'])
})

test('the choices count each value once for each request that has it, and severities begin with the highest', () => {
  const rows = [aRow({ namespaces: ['payments', 'checkout'] }), aRow({ severity: 'high' })]
  const { namespace, severity, requester } = inboxChoices(rows)
  expect(namespace).toEqual([
    { value: 'checkout', label: 'checkout', count: 1 },
    { value: 'payments', label: 'payments', count: 2 },
  ])
  expect(severity.map(({ value }) => value)).toEqual(['high', 'low'])
  expect(requester).toEqual([{ value: 'per_mina', label: 'Mina Okafor', count: 2 }])
})

test('an address gives its filter back, and nonsense in it is no filter', () => {
  for (const params of [{}, { q: 'a b', sort: 'risk', group: 'requester', cluster: 'x' }]) {
    const filter = inboxFilterIn(params)
    expect(inboxFilterIn(Object.fromEntries(new URL(inboxHref(filter), 'http://x').searchParams))).toEqual(filter)
  }
  const nonsense = inboxFilterIn({ q: ' ', sort: 'best', group: 'x', cluster: ['a', 'b'], namespace: '' })
  expect(nonsense).toEqual(none)
  expect(isNarrowing(nonsense)).toBe(false)
  expect(inboxHref(none)).toBe('/inbox')
})
