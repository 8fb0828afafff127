import { expect, test } from 'vitest'
import { parseConfiguration } from '#lib/adapters/policy/parse'
import { isOnCallGroup } from '#lib/core/access/on-call'
import { localPeople } from '#local/parts/identity-people'
import { demoConfiguration } from './demo-configuration.ts'

const text = demoConfiguration({
  publicUrl: 'http://localhost:3000',
  identity: { issuer: 'http://127.0.0.1:3001', clientId: 'postern', apiAudience: 'postern-api' },
  cluster: { kubeconfig: { file: '/somewhere/postern.kubeconfig' }, publicServer: 'https://127.0.0.1:6443' },
  mailServer: 'smtp://127.0.0.1:1025',
  lapseAfter: 'PT24H',
})

test('Postern accepts the demo’s postern.yaml', () => {
  const parsed = parseConfiguration(text, 'postern.yaml')
  expect(parsed.ok ? [] : parsed.problems).toEqual([])
})

test('the story requests nothing that depends on the time of day', () => {
  const parsed = parseConfiguration(text, 'postern.yaml')
  if (!parsed.ok) throw new Error('refused')
  const timed = parsed.compiled.filter(({ time }) => time !== null)
  expect(timed.map(({ guardrail }) => guardrail.match)).toEqual([{ entitlements: ['payments-shell'] }])
})

test('every group that the demo’s postern.yaml names has a member', () => {
  const parsed = parseConfiguration(text, 'postern.yaml')
  if (!parsed.ok) throw new Error('refused')
  const { entitlements, roles } = parsed.configuration
  const named = [
    ...entitlements.flatMap(({ who, approvals }) => [who, ...approvals].flatMap(({ groups }) => groups ?? [])),
    ...Object.values(roles).flatMap((who) => who?.groups ?? []),
  ]
  const inhabited = [...localPeople.values()].flatMap(({ groups }) => groups)
  expect([...new Set(named)].filter((group) => !inhabited.includes(group) && !isOnCallGroup(group))).toEqual([])
})
