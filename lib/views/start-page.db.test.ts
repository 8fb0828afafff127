import { expect, test } from 'vitest'
import { testBench } from '#testing/bench'
import { anActor } from '#testing/people'
import { startPage } from './start-page.ts'

const { offer } = await testBench()

test('engineers begin with their access, approvers with their inbox, auditors with the history', async () => {
  expect(startPage(await anActor({ groups: ['payments-dev'] }))).toBe('/access')
  expect(startPage(await anActor({ groups: ['payments-leads'] }))).toBe('/inbox')
  expect(startPage(await anActor({ groups: ['security-audit'], roles: ['auditor'] }))).toBe('/history')
})

test('who both approves and audits begins with what waits for them', async () => {
  expect(startPage(await anActor({ groups: ['payments-leads'], roles: ['auditor'] }))).toBe('/inbox')
})

test('a group that no entitlement names as an approver any more makes no one an approver', async () => {
  const lead = await anActor({ groups: ['payments-leads'] })
  await offer()
  expect(startPage(lead)).toBe('/access')
})
