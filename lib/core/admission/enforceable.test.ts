import { expect, test } from 'vitest'
import { compileGuardrails } from '#lib/core/guardrails/configured/compile'
import { type GuardrailInput, guardrailSchema } from '#lib/core/guardrails/configured/schema'
import { describeEnforcement, enforcementOf, whyNotEnforceable } from './enforceable.ts'
import { admissionSection } from './section.ts'

function compile(guardrail: Partial<GuardrailInput>) {
  const result = compileGuardrails([
    guardrailSchema.parse({ name: 'calm', description: 'Calm is kept.', effect: 'deny', ...guardrail }),
  ])
  const [compiled] = result.ok ? result.compiled : []
  if (!compiled) throw new Error('the guardrail is invalid')
  return compiled
}
const hours = { windows: [{ zone: 'Europe/Berlin', days: ['mon-fri'], from: '09:00', to: '18:00' }] }

test.each<[string, Partial<GuardrailInput>, string | null]>([
  ['rules', { when: "rules.exists(r, '*' in r.verbs)" }, null],
  ['namespaces', { match: { namespaces: ['kube-*'], namespaceLabels: { a: 'b' } } }, null],
  ['the labels of a namespace', { when: "namespaceObject.metadata.labels['a'] == 'b'" }, null],
  ['the cluster', { when: "cluster.name == 'prod-eu'", match: { clusterLabels: { a: 'b' } } }, null],
  ['the longest duration', { effect: 'limit', limit: { maxDuration: 'PT1H' } }, null],
  ['the request', { when: "request.reason == ''" }, 'depends on the request'],
  ['the requester', { when: "requester.email == ''" }, 'depends on the requester'],
  ['groups', { match: { groups: ['sre'] } }, 'some requesters'],
  ['entitlements', { match: { entitlements: ['break-glass'] } }, 'some entitlements'],
  ['risks', { when: 'risks.size() > 0' }, 'risk catalogue'],
  ['the difference', { when: 'difference.known' }, 'current access'],
  ['history', { when: 'history.grants.size() > 3' }, 'other requests'],
  ['pods', { when: 'pods.known' }, 'running pods'],
  ['the time', { when: "now > timestamp('2026-01-01T00:00:00Z')" }, 'the time'],
  ['hours', { effect: 'limit', limit: hours }, 'no calendar'],
  ['approvers', { effect: 'require', require: { approvers: 2 } }, 'sets requirements'],
])('whether a guardrail about %s is enforceable is decided', (_, guardrail, because) => {
  const why = whyNotEnforceable(compile(guardrail))
  if (because === null) expect(why).toBeNull()
  else expect(why).toContain(because)
})

test('the mode of a guardrail comes before the mode of all, and a guardrail that warns never denies', () => {
  const admission = admissionSection.parse({ mode: 'deny', guardrails: { calm: 'audit' } })
  expect(enforcementOf(compile({}), admission)).toMatchObject({ onGrants: true, onOthers: 'audit' })
  expect(enforcementOf(compile({ name: 'other' }), admission)).toMatchObject({ onOthers: 'deny' })
  expect(enforcementOf(compile({ name: 'w', effect: 'warn' }), admission)).toMatchObject({
    onGrants: false,
    onOthers: 'warn',
  })
  const limit = compile({ name: 'l', effect: 'limit', limit: { maxDuration: 'PT1H' } })
  expect(enforcementOf(limit, admission)).toMatchObject({ onGrants: true, onOthers: null })
})

test('the page says what the API server does, or why it does nothing', () => {
  const admission = admissionSection.parse({})
  expect(describeEnforcement(compile({}), admission)).toBe(
    'Enforced by the API server: a grant that breaks it is refused; other roles that break it are noted in the audit log.',
  )
  expect(describeEnforcement(compile({ when: 'risks.size() > 0' }), admission)).toBe(
    'Not enforced by the API server. It depends on the risk catalogue, which the API server does not have.',
  )
})
