import { expect, test } from 'vitest'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { runningClock } from './approval-clock.ts'
import { followUpOf, groupsAfter, nextFollowUp, shownEscalation, stepsAt } from './escalation.ts'
import { type DecisionFacts, resolve } from './resolve.ts'

const submittedAt = new Date('2026-11-26T02:00:00Z')
const clock = runningClock(submittedAt)
const at = (minutes: number) => new Date(submittedAt.getTime() + minutes * 60_000)
const step: ApprovalStep = {
  ...{ groups: ['leads'], count: 1, remindAfter: 600 },
  escalate: [
    { after: 900, groups: ['sre'] },
    { after: 1800, groups: ['directors', 'sre'] },
  ],
}
const open = [{ groups: ['leads'], count: 1, approvedBy: [] }]
const complete = [{ groups: ['leads'], count: 1, approvedBy: ['lea'] }]
const approval = (groups: string[], afterSeconds?: number): DecisionFacts => ({
  ...{ personId: 'sid', decision: 'approve', groups },
  ...(afterSeconds === undefined ? {} : { afterSeconds }),
})

test('a group that a step escalates to may approve from that moment on and not a moment earlier', () => {
  expect(groupsAfter(step, 899.999)).toEqual(['leads'])
  expect(groupsAfter(step, 900)).toEqual(['leads', 'sre'])
  expect(stepsAt([step], clock, at(30))).toEqual([{ groups: ['leads', 'sre', 'directors'], count: 1 }])
})

test('an approval counts only if its group could approve when it was given', () => {
  expect(resolve([step], [approval(['sre'], 899)]).outcome).toBe('pending')
  expect(resolve([step], [approval(['sre'])]).outcome, 'without a time').toBe('pending')
  expect(resolve([step], [approval(['sre'], 900)]).outcome).toBe('approved')
  expect(resolve([step], [approval(['search-dev'], 9999)]).outcome).toBe('pending')
})

test('a worker wakes for the reminder and for each escalation, and for nothing after the last one', () => {
  const after = (minutes: number, ...shownTo: string[]) =>
    nextFollowUp([step], clock, { at: at(minutes), shownTo: ['leads', ...shownTo] })
  expect(nextFollowUp([step], clock, null)).toEqual(at(10))
  expect([after(10), after(15, 'sre'), after(30, 'sre', 'directors')]).toEqual([at(15), at(30), null])
  expect(nextFollowUp([{ groups: ['leads'], count: 1 }], clock, null)).toBeNull()
})

test('an open step is reminded of once, and escalates once to each of its levels', () => {
  const from = (since: number, now: number, ...shownTo: string[]) =>
    followUpOf([step], open, { clock, since: at(since), now: at(now), shownTo: ['leads', ...shownTo] })
  expect(from(10, 11)).toEqual({ reminded: { groups: ['leads'], afterSeconds: 600 }, escalated: [] })
  expect(from(15, 16)).toEqual({ reminded: null, escalated: [{ from: ['leads'], to: ['sre'], afterSeconds: 900 }] })
  expect(from(30, 31, 'sre').escalated).toEqual([{ from: ['leads', 'sre'], to: ['directors'], afterSeconds: 1800 }])
  expect(from(31, 32, 'sre', 'directors'), 'and never again').toEqual({ reminded: null, escalated: [] })
})

test('a worker that was down catches up with every escalation and does not remind as well', () => {
  expect(followUpOf([step], open, { clock, since: at(10), now: at(90), shownTo: ['leads'] })).toEqual({
    reminded: null,
    escalated: [{ from: ['leads'], to: ['sre', 'directors'], afterSeconds: 1800 }],
  })
})

test('a step that is complete neither reminds nor escalates', () => {
  expect(followUpOf([step], complete, { clock, since: at(10), now: at(90), shownTo: ['leads'] })).toEqual({
    reminded: null,
    escalated: [],
  })
})

test('a step that was complete when its escalation was due escalates once it no longer is', () => {
  const shownTo = ['leads']
  expect(nextFollowUp([step], clock, { at: at(16), shownTo }), 'a worker looks again').toEqual(at(17))
  expect(followUpOf([step], open, { clock, since: at(17), now: at(17), shownTo }).escalated).toEqual([
    { from: ['leads'], to: ['sre'], afterSeconds: 900 },
  ])
  expect(followUpOf([step], open, { clock, since: at(45), now: at(46), shownTo: ['leads', 'sre'] }).escalated).toEqual([
    { from: ['leads', 'sre'], to: ['directors'], afterSeconds: 1800 },
  ])
})

test('a list shows the next escalation, then the one that happened', () => {
  expect(shownEscalation([step], ['leads'], clock, at(1))).toEqual({ groups: ['sre'], at: at(15), isDone: false })
  expect(shownEscalation([step], ['leads', 'sre', 'directors'], clock, at(40))).toMatchObject({
    ...{ groups: ['directors', 'sre'], isDone: true },
  })
  expect(shownEscalation([step], ['leads'], clock, at(40)), 'it was complete by then').toBeNull()
})
