import { Environment } from '@marcbachmann/cel-js'
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'
import { compileGuardrails } from '#lib/core/guardrails/configured/compile'
import { judge } from '#lib/core/guardrails/configured/judge-configured'
import { guardrailSchema } from '#lib/core/guardrails/configured/schema'
import { percentile } from './statistics.ts'

const count = 1_000
const rounds = 30

// Of the kind that people write; each is another text, so that nothing is known from the one before.
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
  requester: { subject: 'somebody', groups: ['payments-dev', 'developers', 'night-shift'] },
  cluster: { name: 'prod-eu', labels: { environment: 'prod' }, namespaces: [{ name: 'payments', labels: {} }] },
  rules: [
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'patch'] },
    { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list', 'watch'] },
  ],
  risks: [],
  difference: [],
}

/** Milliseconds of the processor for this thread alone: what else runs on the machine does not count. */
function spent(work: () => unknown): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}

/**
 * A thousand guardrails on one request, and the bare CEL library that parses and checks the same thousand expressions:
 * what every judgement would cost that kept nothing from one to the next. Milliseconds, p50 and p95 of 30 rounds each.
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
    judged.push(spent(() => judge(compiled.compiled, facts, now)))
    bare.push(spent(() => texts.map((text) => environment.parse(text).check())))
  }
  const both = (times: number[]): [number, number] => [percentile(times, 50), percentile(times, 95)]
  return { judged: both(judged), bare: both(bare) }
}
