import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import { auditEventTypes, auditSentence } from './events.ts'
import { eventExamples } from './examples.testing.ts'
import { toOcsf } from './ocsf.ts'

const schema = JSON.parse(readFileSync(join(import.meta.dirname, 'ocsf-1.5.0.testing.json'), 'utf8'))
const ajv = new Ajv2020({ allErrors: true, strict: false })

function problemsOf(event: Record<string, unknown>) {
  const ofClass = schema.classes[String(event.class_uid)]
  if (!ofClass) return [`unknown class ${event.class_uid}`]
  const validate = ajv.compile({ ...ofClass, $defs: schema.$defs })
  validate(event)
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

const example = (type: (typeof auditEventTypes)[number]): AuditEventResource => ({
  ...{ id: 'evt_1', at: '2026-11-23T09:00:00.123Z', type, sentence: auditSentence(type, eventExamples[type]) },
  actor: { kind: 'person', id: 'per_1', name: 'Mina Okafor', email: 'mina@example.com' },
  ...{ about: { id: 'per_1', name: 'Mina Okafor' }, via: 'api', clientAddress: '192.0.2.7', reference: 'r' },
  ...{ requestId: 'req_1', grantId: 'grt_1', cluster: 'prod-eu', namespaces: ['payments'], policyVersion: 'sha256:0' },
  ...{ data: eventExamples[type], before: null, after: null },
})

const worker = { kind: 'system' as const, id: null, name: 'worker', email: null }

test.each(auditEventTypes)('%s is an event of the published schema, with every field and with few', (type) => {
  for (const event of [
    example(type),
    { ...example(type), actor: worker, about: null, clientAddress: null, requestId: null, grantId: null },
    { ...example(type), cluster: null, namespaces: [], policyVersion: null, data: null },
  ])
    expect(problemsOf(toOcsf(event, 'payments-restart'))).toEqual([])
})

test('an event of a later version and a hostile one are events of the schema too', () => {
  for (const type of ['a.later-type', '__proto__', 'constructor'])
    expect(problemsOf(toOcsf({ ...example('grant.active'), type }, undefined))).toEqual([])
})

test('access that begins and ends assigns and revokes the privileges of its entitlement', () => {
  expect(toOcsf(example('grant.active'), 'payments-restart')).toMatchObject({
    ...{ class_uid: 3005, activity_id: 1, type_uid: 300501, time: Date.UTC(2026, 10, 23, 9, 0, 0, 123) },
    ...{ privileges: ['payments-restart'], user: { uid: 'per_1' }, status_id: 1 },
    resources: [{ name: 'payments', namespace: 'prod-eu' }],
  })
  expect(toOcsf(example('grant.ended'), 'payments-restart')).toMatchObject({ class_uid: 3005, activity_id: 2 })
  expect(toOcsf(example('credential.issued'), 'x')).toMatchObject({ class_uid: 3003, session: { uid: 'j' } })
  expect(toOcsf(example('decision.refused'), 'x')).toMatchObject({ status: 'Failure', status_code: 'own-request' })
})
