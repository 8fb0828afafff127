import { describe, expect, test } from 'vitest'
import { onCallGroup } from '#lib/core/access/on-call'
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'
import type { Requirements } from './judge-configured.ts'
import { attendanceOf, conditionProblem } from './unattended.ts'

const now = new Date('2026-11-26T02:00:00Z')
const ago = (hours: number) => new Date(now.getTime() - hours * 3_600_000)
const needsNobody: Requirements = {
  approvals: [],
  approvers: 0,
  ticketRequired: false,
  ticketPatterns: [],
  reasonMinLength: 0,
}

const aRequest = (changes: Partial<PolicyFacts> = {}, when = 'true'): PolicyFacts => ({
  submission: { namespaces: ['payments'], reason: 'the pods hang', durationSeconds: 1800 },
  entitlement: { name: 'restart', approvals: [{ groups: ['leads'], count: 1 }], automatic: { when } },
  requester: { subject: 'ada', email: null, groups: ['dev', onCallGroup('payments')] },
  cluster: { name: 'prod-eu', labels: {}, namespaces: [] },
  rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  risks: [{ id: 'x', severity: 'low' }],
  difference: null,
  history: { requests: [], grants: [], held: [] },
  ...changes,
})
const judge = (changes: Partial<PolicyFacts> = {}, when = 'true', requirements = needsNobody) =>
  attendanceOf(aRequest(changes, when), { requirements, violations: [] }, now)
const isAutomatic = (when: string, changes: Partial<PolicyFacts> = {}) =>
  judge(changes, when).unattended === 'automatic'

const onCallLowRisk =
  "requester.onCall.size() > 0 && !risks.exists(r, r.severity != 'low') && " +
  "history.grants.filter(t, now - t < duration('24h')).size() < 3 && history.heldInDay + request.duration <= duration('2h')"

describe('a condition for automatic approval', () => {
  test('a condition for automatic approval holds for the person on call, at low risk, for at most three grants and two hours a day', () => {
    expect(isAutomatic(onCallLowRisk)).toBe(true)
    expect(isAutomatic(onCallLowRisk, { requester: { subject: 'ada', groups: ['dev'] } })).toBe(false)
    expect(isAutomatic(onCallLowRisk, { risks: [{ id: 'x', severity: 'medium' }] })).toBe(false)
    const often = { requests: [], grants: [ago(1), ago(2), ago(3)], held: [] }
    expect(isAutomatic(onCallLowRisk, { history: often })).toBe(false)
    const long = { requests: [], grants: [], held: [{ from: ago(5), to: ago(3) }] }
    expect(isAutomatic(onCallLowRisk, { history: long })).toBe(false)
  })
  test('a condition for automatic approval counts only the part of earlier access that lies in its window', () => {
    const history = {
      requests: [],
      grants: [],
      held: [
        { from: ago(25), to: ago(23) },
        { from: ago(200), to: ago(100) },
      ],
    }
    expect(isAutomatic("history.heldInDay == duration('1h')", { history })).toBe(true)
    expect(isAutomatic("history.heldInWeek == duration('70h')", { history })).toBe(true)
    expect(isAutomatic("now - history.lastEnd == duration('23h')", { history })).toBe(true)
  })
  test.each([
    ['fails', "request.reason.substring(99) == 'x'"],
    ['needs a fact that is unknown', 'difference.added.size() == 0'],
    ['no longer fits the language', 'nonsense('],
  ])('a condition for automatic approval leaves the decision to people if it %s, and says so', (_, when) => {
    const { unattended, problem } = judge({}, when)
    expect(unattended).toBeNull()
    expect(problem).not.toBeNull()
  })
  test('a condition for automatic approval does not count as true where the earlier access is unknown', () =>
    expect(judge({ history: null }, 'history.grants.size() == 0').unattended).toBeNull())
  test('a condition for automatic approval never holds where a guardrail requires people', () => {
    const approvals = [{ groups: ['leads'], count: 1 }]
    expect(judge({}, 'true', { ...needsNobody, approvals }).unattended).toBeNull()
    expect(judge({}, 'true', { ...needsNobody, approvers: 1 }).unattended).toBeNull()
  })
  test('a condition for automatic approval never holds after a recent denial or revocation', () =>
    expect(judge({ refusedRecently: true }).unattended).toBeNull())
  test('a condition for automatic approval never takes a request from the people who decide it', () =>
    expect(judge({ stage: 'deciding' }).unattended).toBeNull())
  test('a condition for automatic approval must be a condition of the whole request', () => {
    expect(conditionProblem('request.duration')?.message).toContain('bool')
    expect(conditionProblem("namespaceObject.metadata.name == 'a'")?.message).toContain('whole request')
    expect(conditionProblem(onCallLowRisk)).toBeNull()
  })
})
