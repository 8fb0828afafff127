import { describe, expect, it } from 'vitest'
import { approvalSteps } from './approval-steps.ts'
import { compileGuardrails } from './compile.ts'
import { monday, someFacts } from './facts.testing.ts'
import { judge } from './judge-configured.ts'
import { type GuardrailInput, guardrailSchema } from './schema.ts'

const compiled = (...guardrails: Partial<GuardrailInput>[]) => {
  const parsed = guardrails.map((guardrail, n) =>
    guardrailSchema.parse({ name: `test-${n}`, description: 'It is so.', effect: 'deny', ...guardrail }),
  )
  const result = compileGuardrails(parsed)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.compiled
}
const judged = (guardrail: Partial<GuardrailInput>, facts = someFacts(), now = monday) =>
  judge(compiled(guardrail), facts, now)
const denies = (guardrail: Partial<GuardrailInput>, facts = someFacts(), now = monday) =>
  judged(guardrail, facts, now).violations.length > 0

describe('expressions see the request', () => {
  it.each([
    "request.entitlement == 'payments-restart'",
    'request.automatic == false',
    "request.clusterRole == ''",
    "request.namespaces == ['payments']",
    "request.reason.contains('stuck') && request.ticket == ''",
    "request.duration == duration('30m') && request.duration < duration('31m')",
    'request.startsAt == now',
    "requester.subject == 'alice' && requester.email == 'alice@example.com' && 'payments-dev' in requester.groups",
    "cluster.name == 'prod-eu' && cluster.labels.environment == 'prod' && cluster.labels['region'] == 'eu'",
    "namespaceObject.metadata.name == 'payments' && namespaceObject.metadata.labels.team == 'payments'",
    "rules.all(r, r.apiGroups == ['apps'] && 'patch' in r.verbs && r.resourceNames.size() == 0)",
    'risks.size() == 0 && difference.known && difference.added.size() == 0',
    "now == timestamp('2026-11-23T09:00:00Z') && now.getHours('Europe/Berlin') == 10 && now.getDayOfWeek() == 1",
    "now.getDayOfYear() == 326 && now.getDayOfMonth() == 22 && now.getDate('Pacific/Auckland') == 23",
    "request.reason.matches('(?i)PAYMENT.*deployment$') && !request.reason.matches('^x')",
  ])('%s', (when) => {
    expect(denies({ when })).toBe(true)
    expect(denies({ when: `!(${when})` })).toBe(false)
  })

  it('reads the wall clock of a zone whatever the zone of the process', () => {
    const before = process.env.TZ
    process.env.TZ = 'America/St_Johns'
    try {
      expect(denies({ when: "now.getHours('Asia/Kolkata') == 14 && now.getMinutes('Asia/Kolkata') == 30" })).toBe(true)
      expect(denies({ when: 'now.getDayOfYear() == 326 && now.getHours() == 9' })).toBe(true)
    } finally {
      process.env.TZ = before
    }
  })
})

describe('what cannot be judged is not passed', () => {
  it.each([
    ['a label that is not there', "cluster.labels['gone'] == 'x'", /No such key: gone/],
    ['an index that is not there', "rules[7].verbs[0] == 'x'", /.+/],
    ['a division by zero', 'size(rules) / 0 == 1', /division by zero/],
  ])('%s', (_, when, because) => {
    const { violations } = judged({ name: 'mine', when })
    expect(violations).toEqual([{ code: 'mine', pointer: '', sentence: expect.stringMatching(because) }])
    expect(violations[0]?.sentence).toMatch(/^The guardrail mine could not be judged, which counts as a no/)
  })

  it('whatever its effect: only a warning stays a warning', () => {
    const when = 'size(rules) / 0 == 1'
    expect(judged({ when, effect: 'require', require: { approvers: 2 } }).violations).toHaveLength(1)
    expect(judged({ when, effect: 'limit', limit: { maxDuration: 'PT1H' } }).violations).toHaveLength(1)
    expect(judged({ when, effect: 'warn' })).toMatchObject({ violations: [], warnings: [{ code: 'test-0' }] })
  })

  it('facts that are not known fail what asks for them, and nothing else', () => {
    const unknown = someFacts({
      difference: null,
      cluster: { name: 'prod-eu', labels: {}, namespaces: null },
    })
    expect(denies({ when: 'difference.added.size() > 100' }, unknown)).toBe(true)
    expect(denies({ when: 'difference.known && difference.added.size() > 100' }, unknown)).toBe(false)
    expect(judged({ when: "namespaceObject.metadata.labels['team'] == 'x'" }, unknown).violations).toMatchObject([
      { sentence: expect.stringMatching(/: the labels of namespace payments are not known\.$/) },
    ])
    expect(denies({ when: "namespaceObject.metadata.name == 'x'" }, unknown)).toBe(false)
    expect(denies({ when: "request.reason == ''" }, unknown)).toBe(false)
  })

  it('without the rules nothing passes, which is said once', () => {
    const all = compiled({ when: 'false' }, { when: 'false', effect: 'warn' }, { effect: 'warn' })
    expect(judge(all, someFacts({ rules: null }), monday)).toMatchObject({
      violations: [
        { code: 'guardrails-unjudged', pointer: '/rules', sentence: expect.stringMatching(/rules are not known/) },
      ],
      warnings: [{ code: 'test-2' }],
      matched: ['test-0', 'test-1', 'test-2'],
    })
    expect(judge(all, someFacts(), monday).violations).toEqual([])
  })

  it('a namespace whose labels nobody knows does not escape a match by labels', () => {
    const unknown = someFacts({ cluster: { name: 'prod-eu', labels: {}, namespaces: [] } })
    const guardrail = { match: { namespaceLabels: { team: 'search' } } }
    expect([denies(guardrail, unknown), denies(guardrail)]).toEqual([true, false])
  })

  it('no error and no absent fact is absorbed into a yes by the other side of an or, unless that side decides', () => {
    expect(denies({ when: "cluster.labels['gone'] == 'x' || false" })).toBe(true)
    expect(denies({ when: "cluster.labels['gone'] == 'x' && false" })).toBe(false)
  })
})

describe('where a guardrail looks', () => {
  it.each([
    [{ clusters: ['prod-*'] }, true],
    [{ clusters: ['staging'] }, false],
    [{ clusterLabels: { environment: 'prod' } }, true],
    [{ clusterLabels: { environment: 'prod', region: 'us' } }, false],
    [{ clusterLabels: { constructor: 'x' } }, false],
    [{ namespaces: ['pay*'] }, true],
    [{ namespaces: ['checkout'] }, false],
    [{ namespaceLabels: { team: 'payments' } }, true],
    [{ namespaceLabels: { team: 'search' } }, false],
    [{ entitlements: ['*-restart'] }, true],
    [{ groups: ['sre', 'payments-dev'] }, true],
    [{ groups: ['sre'] }, false],
    [{ clusters: ['prod-eu'], groups: ['sre'] }, false],
  ])('%j: %s', (match, expected) => {
    expect(denies({ match })).toBe(expected)
  })

  it('asks about each namespace that it looks at, and points to those that are wrong', () => {
    const facts = someFacts({ submission: { namespaces: ['checkout', 'payments'] } })
    const when = "namespaceObject.metadata.labels['team'] == 'payments'"
    expect(judged({ when }, facts).violations.map(({ pointer }) => pointer)).toEqual(['/namespaces/1'])
    expect(judged({ when, match: { namespaces: ['checkout'] } }, facts).violations).toEqual([])
    expect(judged({ match: { namespaces: ['checkout'] } }, facts).violations[0]?.pointer).toBe('/namespaces/0')
  })
})

describe('what a guardrail says', () => {
  it('its message, else its description, and the link', () => {
    expect(judged({ message: 'No.', link: 'https://wiki.example.com/no' }).violations[0]?.sentence).toBe(
      'No. See https://wiki.example.com/no',
    )
    expect(judged({}).violations[0]?.sentence).toBe('It is so.')
  })

  it('may be computed, and shows what people wrote so that nothing hides', () => {
    const facts = someFacts({ submission: { reason: 'a\u202eb\nc' } })
    expect(judged({ messageExpression: "'You said: ' + request.reason" }, facts).violations[0]?.sentence).toBe(
      'You said: a[U+202E]b c',
    )
    expect(judged({ messageExpression: 'rules[9].verbs[0]' }, facts).violations[0]?.sentence).toBe('It is so.')
  })

  it('every violation, never only the first', () => {
    const all = compiled({}, { effect: 'warn' }, { when: 'false' }, { when: 'true' })
    const { violations, warnings, matched } = judge(all, someFacts(), monday)
    expect(violations.map(({ code }) => code)).toEqual(['test-0', 'test-3'])
    expect(warnings.map(({ code }) => code)).toEqual(['test-1'])
    expect(matched).toEqual(['test-0', 'test-1', 'test-3'])
  })
})

describe('effects', () => {
  it('require asks for a ticket and a reason, and passes where they are given', () => {
    const guardrail = {
      effect: 'require' as const,
      require: { ticket: { pattern: '^INC-[0-9]+$' }, reasonMinLength: 100 },
    }
    const refused = judged(guardrail)
    expect(refused.violations.map(({ pointer }) => pointer)).toEqual(['/ticket', '/reason'])
    expect(refused.requirements).toMatchObject({
      ticketRequired: true,
      ticketPatterns: ['^INC-[0-9]+$'],
      reasonMinLength: 100,
    })
    const wrong = someFacts({ submission: { ticket: 'later', reason: 'x'.repeat(100) } })
    expect(judged(guardrail, wrong).violations.map(({ pointer }) => pointer)).toEqual(['/ticket'])
    const right = someFacts({ submission: { ticket: 'INC-7', reason: 'x'.repeat(100) } })
    expect(judged(guardrail, right).violations).toEqual([])
    expect(judged(guardrail, right).requirements.ticketRequired).toBe(true)
  })

  it('require adds up approvals to the strictest, not to the sum', () => {
    const step = (count: number, ...groups: string[]) => ({ groups, count })
    const { requirements } = judge(
      compiled(
        { effect: 'require', require: { approvals: [step(1, 'sre'), step(1, 'security', 'leads')] } },
        { effect: 'require', require: { approvals: [step(2, 'sre')] } },
        { effect: 'require', require: { approvals: [step(1, 'leads', 'security')], approvers: 3 } },
      ),
      someFacts(),
      monday,
    )
    expect(requirements.approvals).toEqual([step(2, 'sre'), step(1, 'leads', 'security')])
    expect(requirements.approvers).toBe(3)
  })

  it('the steps of the entitlement are kept, and medium to what is required', () => {
    const leads = { groups: ['leads'], count: 1 }
    expect(approvalSteps([leads], { approvals: [], approvers: 0 })).toEqual([leads])
    expect(approvalSteps([leads], { approvals: [], approvers: 2 })).toEqual([{ groups: ['leads'], count: 2 }])
    expect(approvalSteps([leads, leads], { approvals: [], approvers: 2 })).toEqual([leads, leads])
    expect(approvalSteps([leads], { approvals: [{ groups: ['sre'], count: 1 }], approvers: 2 })).toEqual([
      leads,
      { groups: ['sre'], count: 1 },
    ])
    expect(approvalSteps([leads], { approvals: [{ groups: ['leads'], count: 2 }], approvers: 0 })).toEqual([
      leads,
      leads,
    ])
    expect(approvalSteps([], { approvals: [], approvers: 2 })).toEqual([])
  })

  it('require cannot be met where nobody could approve', () => {
    const facts = someFacts({ entitlement: { name: 'view', approvals: [] } })
    const guardrail = { effect: 'require' as const, require: { approvers: 2 } }
    expect(judged(guardrail, facts).violations).toMatchObject([{ code: 'test-0', pointer: '/entitlement' }])
  })

  it('limit takes the shortest', () => {
    const limit = (maxDuration: string) => ({ effect: 'limit' as const, limit: { maxDuration } })
    const { limits, violations } = judge(compiled(limit('PT1H'), limit('PT10M'), limit('PT2H')), someFacts(), monday)
    expect(limits.maxDurationSeconds).toBe(600)
    expect(violations).toMatchObject([
      { code: 'test-1', pointer: '/duration', sentence: expect.stringMatching(/PT10M or less/) },
    ])
    const nonsense = someFacts({ submission: { durationSeconds: Number.NaN } })
    expect(denies(limit('PT1H'), nonsense)).toBe(true)
  })
})
