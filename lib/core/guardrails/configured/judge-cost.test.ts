import { describe, expect, it } from 'vitest'
import { compileGuardrails } from './compile.ts'
import { monday, someFacts } from './facts.testing.ts'
import { judge } from './judge-configured.ts'
import { guardrailSchema } from './schema.ts'

const many = (count: number, guardrail: (n: number) => object) => {
  const parsed = Array.from({ length: count }, (_, n) =>
    guardrailSchema.parse({ name: `g-${n}`, description: 'For a test.', effect: 'deny', ...guardrail(n) }),
  )
  const result = compileGuardrails(parsed)
  if (!result.ok) throw new Error(JSON.stringify(result.problems[0]))
  return result.compiled
}
/** Of the processor, for this thread alone: what else runs on the machine does not count. */
const spent = () => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
/** The best of several, once everything is compiled. */
const milliseconds = (work: () => unknown) => {
  const times = Array.from({ length: 7 }, () => {
    const before = spent()
    work()
    return spent() - before
  })
  return Math.min(...times)
}

const words = (count: number, length = 60) => Array.from({ length: count }, (_, n) => `w${n}`.padEnd(length, 'x'))
/** As much as a request may hold. */
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

describe('the work on one request is bounded', { timeout: 60_000 }, () => {
  it('a thousand guardrails on an ordinary request take at most 50 ms', () => {
    const expressions = [
      "rules.exists(r, '*' in r.verbs || '*' in r.resources || '*' in r.apiGroups)",
      "rules.exists(r, r.verbs.exists(v, v in ['delete', 'deletecollection'])) && !('sre' in requester.groups)",
      "rules.exists(r, r.resources.exists(x, x.matches('^pods/(exec|attach)$')))",
      "request.duration > duration('4h') && cluster.labels['environment'] == 'prod'",
      "namespaceObject.metadata.name.startsWith('kube-')",
    ]
    const compiled = many(1000, (n) => ({ when: `${expressions[n % expressions.length]} && ${n} >= 0` }))
    const taken = milliseconds(() => judge(compiled, someFacts(), monday))
    expect(judge(compiled, someFacts(), monday).violations).toEqual([])
    expect(taken).toBeLessThan(50)
  })

  it('a thousand windows that are closed take at most a quarter of a second, with the next moment', () => {
    const compiled = many(1000, (n) => ({
      effect: 'limit',
      limit: { windows: [{ zone: 'Europe/Berlin', days: ['tue'], from: '09:00', to: `1${n % 10}:00` }] },
    }))
    const taken = milliseconds(() => judge(compiled, someFacts(), monday))
    expect(judge(compiled, someFacts(), monday).passesNextAt).toEqual(new Date('2026-11-24T08:00:00Z'))
    expect(taken).toBeLessThan(250)
  })

  it('what would take more than one expression is given counts as violated, without being run', () => {
    const compiled = many(1, () => ({
      name: 'greedy',
      when: 'rules.exists(r, r.resources.exists(x, r.verbs.exists(v, v.size() > 999)))',
    }))
    expect(judge(compiled, someFacts(), monday).violations).toEqual([])
    const taken = milliseconds(() => judge(compiled, huge, monday))
    expect(judge(compiled, huge, monday).violations).toMatchObject([
      { code: 'greedy', sentence: expect.stringMatching(/more work than one judgement is given/) },
    ])
    expect(taken).toBeLessThan(50)
  })

  it('a thousand hungry guardrails on the largest request end within a second, and none slips through', () => {
    const compiled = many(1000, (n) => ({ when: `difference.added.exists(d, d.verb == 'v${n}' || d.name == 'n${n}')` }))
    const before = spent()
    const { violations } = judge(compiled, huge, monday)
    expect(spent() - before).toBeLessThan(1000)
    expect(violations.length).toBeGreaterThan(800)
    expect(violations.length).toBeLessThan(1000)
  })

  it('the bound is a bound: what may run is done in the time that its steps say', () => {
    const expressions = [
      "difference.added.exists(d, d.verb + d.group + d.resource == 'no')",
      "rules.map(r, r.verbs.map(v, v + '!')).exists(l, l.size() > 99)",
      "requester.groups.join(',').split(',').exists(g, g == 'no')",
      "request.reason.matches('(a|aa|aaa)+$x')",
      "request.reason.split('').exists(c, c == 'b')",
      'rules.all(r, r.resourceNames.all(n, n.size() == 0))',
    ]
    for (const when of expressions) {
      const compiled = many(1, () => ({ when }))
      const taken = milliseconds(() => judge(compiled, huge, monday))
      expect({ when, taken: taken < 150 }).toEqual({ when, taken: true })
    }
  })
})
