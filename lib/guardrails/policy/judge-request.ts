// The facts of a request as Postern gathers them, judged by the guardrails of the configuration.

import { assessRisk } from '#lib/rbac/risk/assess'
import type { JudgementFacts } from '../facts.ts'
import { grantedRules } from '../granted-rules.ts'
import type { CompiledGuardrail } from './compile.ts'
import type { PolicyFacts } from './context.ts'
import type { Judgement } from './judge.ts'
import { judge } from './judge.ts'

/** What guardrails look at besides the facts of every judgement. */
export type MoreFacts = {
  /** From the configuration. */
  clusterLabels: Readonly<Record<string, string>>
  /** Only when it is verified. */
  email: string | null
  /** What the requester cannot do today; null where it is not known. */
  difference: PolicyFacts['difference']
}

/** Namespaces that the cluster itself depends on: what runs there has the rights of the cluster. */
const isPrivileged = (namespace: string) => namespace.startsWith('kube-')

/** Finds the rules and their risks, and judges. Nothing is looked up: the same facts give the same judgement. */
export function judgeRequest(
  compiled: readonly CompiledGuardrail[],
  { submission, entitlement, requester, cluster, now, stage }: JudgementFacts,
  { clusterLabels, email, difference }: MoreFacts,
): Judgement {
  const rules = grantedRules(entitlement, submission.rules, cluster.clusterRoles)
  const namespaceKind = submission.namespaces.some(isPrivileged) ? 'privileged' : 'ordinary'
  const risks = rules ? assessRisk(rules, { scope: 'namespace', namespaceKind }).findings : []
  const facts: PolicyFacts = {
    submission,
    entitlement,
    requester: { ...requester, email },
    cluster: { name: cluster.name, labels: clusterLabels, namespaces: cluster.namespaces },
    rules,
    risks,
    difference,
    stage,
  }
  return judge(compiled, facts, now)
}
