import { expect, test } from 'vitest'
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import { foldEvents } from './fold-events.ts'

const event = (type: string, sentence: string, name = 'Postern'): AuditEventResource => ({
  ...{ id: `evt_${type}_${sentence}`, at: '2026-11-26T09:00:00.000Z', type, sentence },
  actor: { kind: 'system', id: null, name, email: null },
  ...{ about: null, via: 'system', clientAddress: null, reference: 'r', requestId: null, grantId: null, cluster: null },
  ...{ namespaces: [], policyVersion: null, data: {}, before: null, after: null },
})
const rows = (events: AuditEventResource[]) =>
  foldEvents(events).map(({ sentence, events }) => [sentence, events.length])

test('the objects of a grant are one row, and a decision is one with its result', () => {
  expect(
    rows([
      event('request.submitted', 'requested logs', 'Mina'),
      event('decision.made', 'approved the request', 'Priya'),
      event('request.approved', 'gave the last required approval', 'Priya'),
      event('grant.object-created', 'created Role a/b'),
      event('grant.object-created', 'created RoleBinding a/b'),
      event('grant.active', 'activated the access'),
    ]),
  ).toEqual([
    ['requested logs', 1],
    ['gave the last required approval', 2],
    ['created 2 objects', 2],
    ['activated the access', 1],
  ])
})

test('nothing is folded across another event or another actor, and no event is lost', () => {
  const events = [
    event('decision.made', 'approved the request', 'Priya'),
    event('decision.made', 'approved the request', 'Tomas'),
    event('request.approved', 'gave the last required approval', 'Tomas'),
    event('grant.object-created', 'created Role a/b'),
    event('grant.repaired', 'repaired Role a/b'),
    event('grant.object-created', 'created Role a/c'),
  ]
  expect(rows(events)).toEqual([
    ['approved the request', 1],
    ['gave the last required approval', 2],
    ['created Role a/b', 1],
    ['repaired Role a/b', 1],
    ['created Role a/c', 1],
  ])
  expect(foldEvents(events).flatMap((row) => row.events)).toEqual(events)
})
