// The facts of a judgement that are stored, so that the request can be replayed with another policy later.
import type { RecordedFacts, RequesterHistory } from '#lib/core/access/recorded-facts'
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'
import type { JudgementFacts } from '#lib/core/guardrails/facts'

/** Characters. The facts of more pods are not stored, and a replay does not know them. */
const mostPodsText = 65_536
const isRecordable = (pods: NonNullable<PolicyFacts['pods']>) => JSON.stringify(pods).length <= mostPodsText

const texts = (times: readonly Date[]) => times.map((time) => time.toISOString())

const historyOf = ({ requests, grants, held }: RequesterHistory): RecordedFacts['history'] => ({
  ...{ requests: texts(requests), grants: texts(grants) },
  ...(held ? { held: held.map(({ from, to }) => ({ from: from.toISOString(), to: to.toISOString() })) } : {}),
})

/** @param policyFacts the facts that the guardrails saw in the same judgement */
export function factsToRecord(
  { requester, cluster, submission, entitlement, history, heldSince, pods }: JudgementFacts,
  policyFacts: Pick<PolicyFacts, 'rules' | 'risks' | 'pods'>,
): RecordedFacts {
  const known = new Map(cluster.namespaces?.map(({ name, labels }) => [name, labels]))
  const role = entitlement.clusterRole
  return {
    ...(submission.via ? { via: submission.via } : {}),
    ...(history ? { history: historyOf(history) } : {}),
    ...(heldSince ? { heldSince: heldSince.toISOString() } : {}),
    ...(pods && policyFacts.pods && isRecordable(policyFacts.pods) ? { pods: [...policyFacts.pods] } : {}),
    requester: { groups: [...(requester.groups ?? [])], email: requester.email },
    clusterLabels: { ...cluster.labels },
    namespacesObserved: cluster.namespaces !== null,
    namespaces: submission.namespaces.map((name) => ({ name, labels: known.get(name) ?? null })),
    clusterRoleRules:
      role !== undefined && Object.hasOwn(cluster.clusterRoles, role) ? (cluster.clusterRoles[role] ?? null) : null,
    risks: policyFacts.rules
      ? policyFacts.risks.map(({ id, severity, because = [] }) => ({ id, severity, because: [...because] }))
      : null,
  }
}
