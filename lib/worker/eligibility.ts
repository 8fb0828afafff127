// May the holder of an active grant keep it? Judged from rows: the groups that the identity provider last confirmed, the
// current configuration, and the cluster as the worker last read it.

import { saveEnding } from '#lib/adapters/db/grants/grant-progress'
import { type GrantToRecheck, grantsToRecheck, observedCluster } from '#lib/adapters/db/grants/grants-to-recheck'
import { currentPolicy } from '#lib/adapters/policy/current'
import { AppError } from '#lib/core/access/errors'
import { currentEntitlement, type GrantingPolicy, type Refusal, whyNotTheSameRole } from '#lib/core/grants/may-begin'
import { type ObservedCluster, toJudgementFacts } from '#lib/core/guardrails/facts'
import { eligibility, evaluate } from '#lib/core/guardrails/limits/all'
import { log } from '#lib/observability/log'
import { workerActor } from './work.ts'

/** Why the holder is no longer eligible; null if they are, or if too little is known about the cluster to say. */
export function whyNotEligible(
  grant: GrantToRecheck,
  policy: GrantingPolicy,
  cluster: ObservedCluster,
): Refusal | null {
  const ineligible = (code: string, sentence: string): Refusal => ({ endedBy: 'ineligible', code, sentence })
  const { subject, groups, entitlementName, clusterRole, now } = grant
  const entitlement = currentEntitlement(policy, entitlementName)
  if (!entitlement) return ineligible('unknown-entitlement', `${grant.title} is no longer offered.`)
  if ((entitlement.clusterRole ?? null) !== clusterRole) {
    return ineligible('entitlement-changed', `${entitlement.title} now grants a different role. Submit a new request.`)
  }
  const facts = toJudgementFacts({
    policy,
    entitlement,
    // The rules of a ClusterRole were not chosen by the requester; they are compared below.
    submission: { ...grant, entitlement: entitlementName, rules: clusterRole ? null : grant.rules },
    requester: { subject, groups, email: null, emailVerified: false },
    cluster,
    // None of these limits reads what else the holder can do.
    rights: { rights: null, error: null },
    now,
    stage: 'granting',
  })
  const [first] = evaluate(facts, eligibility)
  if (first) return ineligible(first.code, first.sentence)
  return clusterRole && cluster.clusterRoles[clusterRole] ? whyNotTheSameRole(grant, cluster) : null
}

/** By cluster, the version of the configuration that judged all of its grants; until it changes, only people change. */
const judgedBy = new Map<string, string>()

/** Begins the end of every active grant in a cluster whose holder is no longer eligible. */
export async function endIneligible(name: string): Promise<void> {
  const policy = currentPolicy()
  const cluster = await observedCluster(name)
  if (!cluster?.namespaces) return
  const all = judgedBy.get(name) !== policy.hash
  let isComplete = true
  for (const grant of await grantsToRecheck(name, policy.configuration.entitlements, all)) {
    try {
      const refusal = whyNotEligible(grant, policy, cluster)
      if (refusal) await end(grant, refusal)
    } catch (error) {
      // A row that Postern did not write may be malformed; it must not keep the grants of others.
      if (error instanceof AppError && error.code === 'unavailable') throw error
      log.warn({ grant: grant.id, err: error }, 'the eligibility of a holder cannot be judged')
      isComplete = false
    }
  }
  if (isComplete) judgedBy.set(name, policy.hash)
}

async function end(grant: GrantToRecheck, { endedBy, code, sentence }: Refusal) {
  const { id, requestId, requesterId, entitlementName, cluster, namespaces, policyHash, now } = grant
  const about = { requestId, grantId: id, personId: requesterId, cluster, namespaces, policyHash }
  const writing = { id, requestId, requesterId, entitlementName, cluster, actor: workerActor(), about }
  log.info({ grant: id, code }, 'the holder is no longer eligible')
  try {
    await saveEnding(writing, 'active', { endedBy, note: sentence, code, now })
  } catch (error) {
    // It was ended by someone else at this moment.
    if (!(error instanceof AppError && error.code === 'conflict')) throw error
  }
}
