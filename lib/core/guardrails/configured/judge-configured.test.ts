import { describe, expect, test } from 'vitest'
import { approvalSteps } from './approval-steps.ts'
import { compileGuardrails } from './compile.ts'
import { monday, someFacts } from './facts.testing.ts'
import { judge } from './judge-configured.ts'
import { type GuardrailInput, guardrailSchema } from './schema.ts'

const compiled = (...guardrails: Partial<GuardrailInput>[]) => {
  const parsed = guardrails.map((guardrail, n) =>
    guardrailSchema.parse({ name: `test-${n}`, description: 'Not allowed.', effect: 'deny', ...guardrail }),
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
  test.each([
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
  ])('the expression %s is true, and its negation false', (when) => {
    expect(denies({ when })).toBe(true)
    expect(denies({ when: `!(${when})` })).toBe(false)
  })

  test('date and time getters use their time zone, whatever the time zone of the process', () => {
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

describe('a guardrail that cannot be evaluated counts as violated', () => {
  test.each([
    ['a missing label', "cluster.labels['gone'] == 'x'", /No such key: gone/],
    ['a missing index', "rules[7].verbs[0] == 'x'", /.+/],
    ['a division by zero', 'size(rules) / 0 == 1', /division by zero/],
  ])('a guardrail with %s counts as violated', (_, when, because) => {
    const { violations } = judged({ name: 'mine', when })
    expect(violations).toEqual([{ code: 'mine', pointer: '', sentence: expect.stringMatching(because) }])
    expect(violations[0]?.sentence).toMatch(/^Guardrail mine couldn't be evaluated, so it counts as violated/)
  })

  test('a guardrail that fails is a violation whatever its effect, except that a warning stays a warning', () => {
    const when = 'size(rules) / 0 == 1'
    expect(judged({ when, effect: 'require', require: { approvers: 2 } }).violations).toHaveLength(1)
    expect(judged({ when, effect: 'limit', limit: { maxDuration: 'PT1H' } }).violations).toHaveLength(1)
    expect(judged({ when, effect: 'warn' })).toMatchObject({ violations: [], warnings: [{ code: 'test-0' }] })
  })

  test('an unknown fact fails the guardrails that need it, and no others', () => {
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

  test('without the rules no guardrail passes, and there is one violation for all of them', () => {
    const all = compiled({ when: 'false' }, { when: 'false', effect: 'warn' }, { effect: 'warn' })
    expect(judge(all, someFacts({ rules: null }), monday)).toMatchObject({
      violations: [
        { code: 'guardrails-not-evaluated', pointer: '/rules', sentence: expect.stringMatching(/rules are not known/) },
      ],
      warnings: [{ code: 'test-2' }],
      matched: ['test-0', 'test-1', 'test-2'],
    })
    expect(judge(all, someFacts(), monday).violations).toEqual([])
  })

  test('a namespace with unknown labels matches every label selector', () => {
    const unknown = someFacts({ cluster: { name: 'prod-eu', labels: {}, namespaces: [] } })
    const guardrail = { match: { namespaceLabels: { team: 'search' } } }
    expect([denies(guardrail, unknown), denies(guardrail)]).toEqual([true, false])
  })

  test('an error in one operand fails the expression unless the other operand decides it', () => {
    expect(denies({ when: "cluster.labels['gone'] == 'x' || false" })).toBe(true)
    expect(denies({ when: "cluster.labels['gone'] == 'x' && false" })).toBe(false)
  })
})

describe('the match of a guardrail', () => {
  test.each([
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
  ])('whether the match %j applies to the request: %s', (match, expected) => {
    expect(denies({ match })).toBe(expected)
  })

  test('a guardrail is evaluated in each namespace that it matches, and points to those that violate it', () => {
    const facts = someFacts({ submission: { namespaces: ['checkout', 'payments'] } })
    const when = "namespaceObject.metadata.labels['team'] == 'payments'"
    expect(judged({ when }, facts).violations.map(({ pointer }) => pointer)).toEqual(['/namespaces/1'])
    expect(judged({ when, match: { namespaces: ['checkout'] } }, facts).violations).toEqual([])
    expect(judged({ match: { namespaces: ['checkout'] } }, facts).violations[0]?.pointer).toBe('/namespaces/0')
  })
})

describe('the message of a guardrail', () => {
  test('a violation has the message and the link of its guardrail, or its description', () => {
    expect(judged({ message: 'No.', link: 'https://wiki.example.com/no' }).violations[0]?.sentence).toBe(
      'No. See https://wiki.example.com/no',
    )
    expect(judged({}).violations[0]?.sentence).toBe('Not allowed.')
  })

  test('a computed message shows hidden characters of quoted text as code points', () => {
    const facts = someFacts({ submission: { reason: 'a\u202eb\nc' } })
    expect(judged({ messageExpression: "'You said: ' + request.reason" }, facts).violations[0]?.sentence).toBe(
      'You said: a[U+202E]b c',
    )
    expect(judged({ messageExpression: 'rules[9].verbs[0]' }, facts).violations[0]?.sentence).toBe('Not allowed.')
  })

  test('every violation is reported, not only the first', () => {
    const all = compiled({}, { effect: 'warn' }, { when: 'false' }, { when: 'true' })
    const { violations, warnings, matched } = judge(all, someFacts(), monday)
    expect(violations.map(({ code }) => code)).toEqual(['test-0', 'test-3'])
    expect(warnings.map(({ code }) => code)).toEqual(['test-1'])
    expect(matched).toEqual(['test-0', 'test-1', 'test-3'])
  })
})

describe('effects', () => {
  test('a required ticket and reason are violations until the request has them', () => {
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

  test('the approvals of several guardrails combine to the strictest, not to their sum', () => {
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

  test('the steps of the entitlement are kept, and raised to what guardrails require', () => {
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

  const from = (groups: string[], count: number, ...levels: [after: number, ...groups: string[]][]) => ({
    ...{ groups, count },
    ...(levels.length > 0 ? { escalate: levels.map(([after, ...to]) => ({ after, groups: to })) } : {}),
  })

  test('a required step reminds and escalates as its guardrail says, also with computed groups', () => {
    const escalating = {
      remindAfter: 'PT5M',
      escalate: [{ after: 'PT15M', to: { groups: ['sre'], onCall: 'platform' } }],
    }
    const followUps = { remindAfter: 300, escalate: [{ after: 900, groups: ['sre', 'on-call:platform'] }] }
    const { requirements } = judge(
      compiled({
        effect: 'require',
        require: {
          approvals: [
            { groups: ['security'], ...escalating },
            { groupsExpression: "['team-leads']", ...escalating },
          ],
        },
      }),
      someFacts(),
      monday,
    )
    expect(requirements.approvals).toEqual([
      { groups: ['security'], count: 1, ...followUps },
      { groups: ['team-leads'], count: 1, ...followUps },
    ])
  })

  test('of several guardrails that require the same groups, a step escalates only to those whom all name, at the later time', () => {
    const step = (...levels: [string, ...string[]][]) => ({
      effect: 'require' as const,
      require: {
        approvals: [
          {
            groups: ['security'],
            ...(levels.length > 0 ? { escalate: levels.map(([after, ...groups]) => ({ after, to: { groups } })) } : {}),
          },
        ],
      },
    })
    const requiredBy = (...guardrails: ReturnType<typeof step>[]) =>
      judge(compiled(...guardrails), someFacts(), monday).requirements.approvals
    const [early, late] = [step(['PT1M', 'sre', 'friends'], ['PT9M', 'ciso']), step(['PT5M', 'ciso'], ['PT6M', 'sre'])]
    expect(requiredBy(early, late)).toEqual([from(['security'], 1, [360, 'sre'], [540, 'ciso'])])
    expect(requiredBy(early, late, step()), 'one that does not escalate').toEqual([from(['security'], 1)])
    expect(requiredBy(step(), early)).toEqual([from(['security'], 1)])
  })

  test('a step of the entitlement that answers for a guardrail too escalates only as both say', () => {
    const own = from(['leads'], 1, [60, 'friends', 'sre'])
    const joined = (...required: ReturnType<typeof from>[]) =>
      approvalSteps([own], { approvals: required, approvers: 0 })
    expect(joined(from(['leads'], 1))).toEqual([from(['leads'], 1)])
    expect(joined(from(['leads'], 2, [90, 'sre', 'ciso'])), 'and so do the further people').toEqual([
      from(['leads'], 1, [90, 'sre']),
      from(['leads'], 1, [90, 'sre']),
    ])
    expect(joined(from(['security'], 1, [30, 'ciso'])), 'another step is another matter').toEqual([
      own,
      from(['security'], 1, [30, 'ciso']),
    ])
  })

  test('required approvers are a violation if the entitlement has none', () => {
    const facts = someFacts({ entitlement: { name: 'view', approvals: [] } })
    const guardrail = { effect: 'require' as const, require: { approvers: 2 } }
    expect(judged(guardrail, facts).violations).toMatchObject([{ code: 'test-0', pointer: '/entitlement' }])
  })

  test('the shortest maximum duration of several guardrails applies', () => {
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
