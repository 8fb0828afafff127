// May the holder of a live grant still have it? Judged from rows: by the groups that the identity provider last named,
// the configuration as it is now, and the cluster as it was last seen.

import { saveEnding } from '#lib/adapters/db/grants/grant-progress'
import { type GrantToRecheck, grantsToRecheck, observedCluster } from '#lib/adapters/db/grants/grants-to-recheck'
import { currentPolicy } from '#lib/adapters/policy/current'
import { AppError } from '#lib/core/access/errors'
import { currentEntitlement, type GrantingPolicy, type Refusal, whyNotTheSameRole } from '#lib/core/grants/may-begin'
import { type ObservedCluster, toJudgementFacts } from '#lib/core/guardrails/facts'
import { eligibility, evaluate } from '#lib/core/guardrails/limits/all'
import { log } from '#lib/observability/log'
import { workerActor } from './work.ts'

/** Why not any more; null where it still is, and where the cluster was not seen well enough to say. */
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
    return ineligible('entitlement-changed', `${entitlement.title} gives something else now: ask anew.`)
  }
  const facts = toJudgementFacts({
    policy,
    entitlement,
    // What a ClusterRole gives was not chosen, and is compared below.
    submission: { ...grant, entitlement: entitlementName, rules: clusterRole ? null : grant.rules },
    requester: { subject, groups, email: null, emailVerified: false },
    cluster,
    // None of these limits asks what somebody can do besides.
    rights: { rights: null, error: null },
    now,
    stage: 'granting',
  })
  const [first] = evaluate(facts, eligibility)
  if (first) return ineligible(first.code, first.sentence)
  return clusterRole && cluster.clusterRoles[clusterRole] ? whyNotTheSameRole(grant, cluster) : null
}

/** The version of the configuration by which all of a cluster's grants were judged here; then only people change. */
const judgedBy = new Map<string, string>()

/** Begins the end of every live grant in a cluster whose holder may not have it any more. */
export async function endIneligible(name: string): Promise<void> {
  const policy = currentPolicy()
  const cluster = await observedCluster(name)
  if (!cluster?.namespaces) return
  const all = judgedBy.get(name) !== policy.hash
  for (const grant of await grantsToRecheck(name, policy.configuration.entitlements, all)) {
    const refusal = whyNotEligible(grant, policy, cluster)
    if (refusal) await end(grant, refusal)
  }
  judgedBy.set(name, policy.hash)
}

async function end(grant: GrantToRecheck, { endedBy, code, sentence }: Refusal) {
  const { id, requestId, requesterId, entitlementName, cluster, namespaces, policyHash, now } = grant
  const about = { requestId, grantId: id, personId: requesterId, cluster, namespaces, policyHash }
  const writing = { id, requestId, requesterId, entitlementName, cluster, actor: workerActor(), about }
  log.info({ grant: id, code }, 'the holder may not have this any more')
  try {
    await saveEnding(writing, 'active', { endedBy, note: sentence, code, now })
  } catch (error) {
    // Somebody else ended it at this moment.
    if (!(error instanceof AppError && error.code === 'conflict')) throw error
  }
}
