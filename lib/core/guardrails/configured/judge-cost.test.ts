import { describe, expect, test } from 'vitest'
import { sizesOf } from '#lib/core/guardrails/cel/context'
import { shapesFor } from '#lib/core/guardrails/cel/vocabulary'
import { growthOf, stepsOf } from '#testing/steps'
import { compileGuardrails } from './compile.ts'
import { monday, someFacts } from './facts.testing.ts'
import { judge, maxTotalSteps } from './judge-configured.ts'
import { guardrailSchema } from './schema.ts'

const many = (count: number, guardrail: (n: number) => object) => {
  const parsed = Array.from({ length: count }, (_, n) =>
    guardrailSchema.parse({ name: `g-${n}`, description: 'For a test.', effect: 'deny', ...guardrail(n) }),
  )
  const result = compileGuardrails(parsed)
  if (!result.ok) throw new Error(JSON.stringify(result.problems[0]))
  return result.compiled
}

const words = (count: number, length = 60) => Array.from({ length: count }, (_, n) => `w${n}`.padEnd(length, 'x'))
/** The largest request that Postern accepts. */
const huge = someFacts({
  rules: Array.from({ length: 32 }, () => ({
    apiGroups: words(64),
    resources: words(64),
    verbs: words(64),
    resourceNames: words(64),
  })),
  requester: { subject: 's', groups: words(300) },
  difference: Array.from({ length: 5000 }, () => ({
    verb: 'get',
    group: '',
    resource: 'pods',
    name: 'x',
    namespace: 'y',
  })),
  submission: { reason: 'a'.repeat(2000), namespaces: words(20), durationSeconds: 60 },
})

/** The steps that these guardrails add to the judgement of the largest request. */
const added = (compiled: ReturnType<typeof many>) =>
  stepsOf(() => judge(compiled, huge, monday)) - stepsOf(() => judge([], huge, monday))

describe('the work on one request is bounded', { timeout: 120_000 }, () => {
  test('the work on an ordinary request grows by at most 500 steps per guardrail', () => {
    const expressions = [
      "rules.exists(r, '*' in r.verbs || '*' in r.resources || '*' in r.apiGroups)",
      "rules.exists(r, r.verbs.exists(v, v in ['delete', 'deletecollection'])) && !('sre' in requester.groups)",
      "rules.exists(r, r.resources.exists(x, x.matches('^pods/(exec|attach)$')))",
      "request.duration > duration('4h') && cluster.labels['environment'] == 'prod'",
      "namespaceObject.metadata.name.startsWith('kube-')",
    ]
    const ordinary = (count: number) => {
      const compiled = many(count, (n) => ({ when: `${expressions[n % expressions.length]} && ${n} >= 0` }))
      return () => judge(compiled, someFacts(), monday)
    }
    expect(ordinary(1000)().violations).toEqual([])
    expect(stepsOf(ordinary(1000))).toBeLessThan(1000 * 500)
    expect(growthOf(250, ordinary)).toBeLessThan(5)
  })

  test('the work on closed windows and their next opening grows by at most 1,000 steps per window', () => {
    const windows = (count: number) => {
      const compiled = many(count, (n) => ({
        effect: 'limit',
        limit: { windows: [{ zone: 'Europe/Berlin', days: ['tue'], from: '09:00', to: `1${n % 10}:00` }] },
      }))
      return () => judge(compiled, someFacts(), monday)
    }
    expect(windows(1000)().passesNextAt).toEqual(new Date('2026-11-24T08:00:00Z'))
    expect(stepsOf(windows(1000))).toBeLessThan(1000 * 1000)
    expect(growthOf(250, windows)).toBeLessThan(5)
  })

  test('an expression that would exceed the cost limit counts as violated without being evaluated', () => {
    const compiled = many(1, () => ({
      name: 'greedy',
      when: 'rules.exists(r, r.resources.exists(x, r.verbs.exists(v, v.size() > 999)))',
    }))
    expect(judge(compiled, someFacts(), monday).violations).toEqual([])
    expect(judge(compiled, huge, monday).violations).toMatchObject([
      { code: 'greedy', sentence: expect.stringMatching(/exceed the cost limit/) },
    ])
    expect(added(compiled)).toBeLessThan(1000)
  })

  test('a thousand expensive guardrails on the largest request share one budget, and none of them passes', () => {
    const compiled = many(1000, (n) => ({ when: `difference.added.exists(d, d.verb == 'v${n}' || d.name == 'n${n}')` }))
    const { violations } = judge(compiled, huge, monday)
    expect(violations.length).toBeGreaterThan(800)
    expect(violations.length).toBeLessThan(1000)
    expect(added(compiled)).toBeLessThan(2 * maxTotalSteps)
  })

  test.each([
    "difference.added.exists(d, d.verb + d.group + d.resource == 'no')",
    "rules.map(r, r.verbs.map(v, v + '!')).exists(l, l.size() > 99)",
    "requester.groups.join(',').split(',').exists(g, g == 'no')",
    "request.reason.matches('(a|aa|aaa)+$x')",
    "request.reason.split('').exists(c, c == 'b')",
    'rules.all(r, r.resourceNames.all(n, n.size() == 0))',
  ])('the expression %s takes at most twice the steps of its estimate', (when) => {
    const compiled = many(1, () => ({ when }))
    const bound = compiled[0]?.when?.steps(shapesFor(sizesOf(huge))) ?? 0
    expect(added(compiled)).toBeLessThan(2 * bound + 1000)
  })
})
