import { expect, test } from 'vitest'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { type Rota, rotaSchema } from '#lib/core/access/rota'
import { clockOf, runningClock } from './approval-clock.ts'
import { type HandoverFacts, handoversOf } from './handover.ts'

// Ann is on call until nine in the morning, Ben from then on. The request is submitted at eight.
const rotation = { people: ['ann@example.com', 'ben@example.com'], from: '2026-11-25T09:00', days: 1 }
const rotas: Rota[] = [
  rotaSchema.parse({ name: 'other', zone: 'UTC', rotation: { ...rotation, people: ['olga@example.com'] } }),
  rotaSchema.parse({ name: 'platform', zone: 'UTC', rotation }),
]
const submittedAt = new Date('2026-11-26T08:00:00Z')
const at = (time: string) => new Date(`2026-11-26T${time}:00Z`)
const step: ApprovalStep = { groups: ['leads', 'on-call:platform'], count: 1 }
const states = [{ groups: step.groups, count: 1, approvedBy: [] as string[] }]
const facts = (overrides: Partial<HandoverFacts> = {}): HandoverFacts => ({
  ...{ clock: runningClock(submittedAt), now: at('09:01'), rotas, notified: [], isSamePolicy: true, isMailed: true },
  ...overrides,
})
const toBen = [{ rota: 'platform', to: ['ben@example.com'] }]

test('a request is announced to the person who came on call since its submission, and to no one before', () => {
  expect(handoversOf([step], states, facts({ now: at('08:59') }))).toEqual([])
  expect(handoversOf([step], states, facts())).toEqual(toBen)
})

test('someone who was notified of the request is not notified again', () => {
  expect(handoversOf([step], states, facts({ notified: ['ben@example.com'] }))).toEqual([])
  const returned = facts({ now: new Date('2026-11-27T09:01:00Z'), notified: ['ben@example.com'] })
  expect(handoversOf([step], states, returned), 'nor the first person, who is on call again').toEqual([])
})

test('a step that is complete, or that no rota decides, is announced to no one', () => {
  expect(handoversOf([step], [{ ...step, approvedBy: ['lea'] }], facts())).toEqual([])
  expect(handoversOf([{ groups: ['leads'], count: 1 }], states, facts())).toEqual([])
})

test('a step that escalated to the person on call waits for them since then', () => {
  const escalating: ApprovalStep = {
    ...{ groups: ['leads'], count: 1 },
    escalate: [{ after: 1800, groups: ['on-call:platform'] }],
  }
  const waits = (now: string, clock = runningClock(submittedAt)) =>
    handoversOf([escalating], states, facts({ now: at(now), clock }))
  expect(waits('08:31')).toEqual([])
  expect(waits('09:01')).toEqual(toBen)
  expect(waits('09:16', runningClock(at('08:45'))), 'the escalation itself notifies Ben').toEqual([])
  const question = { personId: 'lea', needsInformation: true, at: at('08:10') }
  const stopped = clockOf(submittedAt, 'mina', [question])
  expect(waits('09:16', stopped), 'and not while it has not escalated').toEqual([])
})

test('after a change of the rotas, everyone on call is notified who was not', () => {
  const overrides = [{ person: 'tess@example.com', from: '2026-11-26T07:00', to: '2026-11-26T12:00' }]
  const changed = rotas.map((rota) => (rota.name === 'platform' ? { ...rota, overrides } : rota))
  const notified = ['lea@example.com', 'ann@example.com']
  const now = at('08:30')
  expect(handoversOf([step], states, facts({ rotas: changed, isSamePolicy: false, notified, now }))).toEqual([
    { rota: 'platform', to: ['tess@example.com'] },
  ])
})

test('a shift that a source outside of Postern changed afterwards counts as a handover', () => {
  const shift = {
    person: 'ben@example.com',
    from: Date.parse('2026-11-26T07:00Z'),
    until: Date.parse('2026-11-26T12:00Z'),
  }
  const external = {
    ...rotaSchema.parse({ name: 'platform', calendar: { file: '/etc/postern/oncall.ics' } }),
    cached: { shifts: [shift], readAt: at('08:29'), problem: null },
  } as unknown as Rota
  const now = at('08:30')
  expect(handoversOf([step], states, facts({ rotas: [external], notified: ['ann@example.com'], now }))).toEqual(toBen)
  const only = facts({ rotas: [external], now, isMailed: false })
  expect(handoversOf([step], states, only), 'unless only rooms are notified').toEqual([])
})

test('a request that no one was mailed of, because its requester was on call, is announced after the rota is corrected', () => {
  const corrected = facts({ isSamePolicy: false, now: at('08:30') })
  expect(handoversOf([step], states, corrected)).toEqual([{ rota: 'platform', to: ['ann@example.com'] }])
})
