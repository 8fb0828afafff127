import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import type { StepResource } from '#lib/core/access/step-resource'
import { Steps } from './steps.tsx'

const ends = '2026-11-28T06:00:00.000Z'
const priya = {
  ...{ id: 'per_1', name: 'Priya', email: null, isOnCall: false, usualTime: null, awayUntil: null, quietUntil: ends },
  notifiedInstead: null,
}
const step: StepResource = {
  ...{ groups: ['payments-leads'], count: 1, unknown: [], approvedBy: [], eligible: [priya], quietUntil: ends },
  ...{ onCall: [], unavailable: [], escalations: [] },
}
const textOf = (one: StepResource) => renderToStaticMarkup(<Steps steps={[one]} />).replace(/<[^>]+>/g, '')

test('a request says whose quiet hours last until when, and that no approver is notified before', () => {
  const text = textOf(step)
  expect(text).toMatch(/Priya has quiet hours until .*06:00/)
  expect(text).toMatch(/No one who may approve this receives a mail before .*06:00.*They can still approve it\./)
})

test('a request that escalates says that the escalation is mailed at any hour', () => {
  const escalations = [{ groups: ['sre'], at: ends, isDone: false }]
  expect(textOf({ ...step, escalations })).toContain('and the escalation is mailed at any hour')
})

test('a request that one approver is notified of now says only who has quiet hours', () => {
  const text = textOf({ ...step, quietUntil: null })
  expect(text).toContain('Priya has quiet hours until')
  expect(text).not.toContain('receives a mail before')
})
