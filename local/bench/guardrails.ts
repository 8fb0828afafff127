import { Environment } from '@marcbachmann/cel-js'
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'
import { compileGuardrails } from '#lib/core/guardrails/configured/compile'
import { judge } from '#lib/core/guardrails/configured/judge-configured'
import { guardrailSchema } from '#lib/core/guardrails/configured/schema'
import { percentile } from './statistics.ts'

const count = 1_000
const rounds = 30

// Typical expressions. Each gets a different text, so that no result can be reused for the next.
const expressions = [
  "rules.exists(r, '*' in r.verbs || '*' in r.resources || '*' in r.apiGroups)",
  "rules.exists(r, r.verbs.exists(v, v in ['delete', 'deletecollection'])) && !('sre' in requester.groups)",
  "rules.exists(r, r.resources.exists(x, x.matches('^pods/(exec|attach)$')))",
  "request.duration > duration('4h') && cluster.labels['environment'] == 'prod'",
]
const texts = Array.from({ length: count }, (_, n) => `${expressions[n % expressions.length]} && ${n} >= 0`)

const facts: PolicyFacts = {
  submission: { namespaces: ['payments'], reason: 'The payment service is stuck', durationSeconds: 1800 },
  entitlement: { name: 'payments-restart', approvals: [{ groups: ['payments-leads'], count: 1 }] },
  requester: { subject: 'mina', groups: ['payments-dev', 'developers', 'night-shift'] },
  cluster: { name: 'prod-eu', labels: { environment: 'prod' }, namespaces: [{ name: 'payments', labels: {} }] },
  rules: [
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'patch'] },
    { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list', 'watch'] },
  ],
  risks: [],
  difference: [],
}

/** CPU time of this thread in milliseconds, which other work on the machine does not change. */
function cpuMs(work: () => unknown): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}

/**
 * Judges one request with a thousand guardrails, and compares it with the bare CEL library parsing and checking the same
 * expressions, which every judgement would have to do without precompilation. Milliseconds, p50 and p95 of 30 rounds.
 */
export function measureGuardrails(): { judged: [number, number]; bare: [number, number] } {
  const compiled = compileGuardrails(
    texts.map((when, n) =>
      guardrailSchema.parse({ name: `g-${n}`, description: 'For the bench.', effect: 'deny', when }),
    ),
  )
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems[0]))
  const environment = new Environment({ unlistedVariablesAreDyn: true })
  const now = new Date('2026-11-23T09:00:00Z')
  const [judged, bare]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    judged.push(cpuMs(() => judge(compiled.compiled, facts, now)))
    bare.push(cpuMs(() => texts.map((text) => environment.parse(text).check())))
  }
  const both = (times: number[]): [number, number] => [percentile(times, 50), percentile(times, 95)]
  return { judged: both(judged), bare: both(bare) }
}
