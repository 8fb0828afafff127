import { observedRights, type RightsColumns } from '#lib/adapters/db/clusters/cluster-rights'
import { type PodsColumn, podsInSql, toPods } from '#lib/adapters/db/clusters/pods'
import type { Person } from '#lib/core/access/actor'
import { contentHash } from '#lib/core/access/content-hash'
import type { Routing } from '#lib/core/access/routing'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { withCondition } from '#lib/core/guardrails/configured/unattended'
import {
  type ClusterColumns,
  type ConfiguredLimits,
  type Gathered,
  heldWithin,
  toJudgementFacts,
  toObservedCluster,
} from '#lib/core/guardrails/facts'
import type { Tx } from './client.ts'
import { findExtendedGrant } from './grants/extended-grant.ts'
import { isKnownMailbox } from './people/find-person.ts'
import { type HeldColumns, heldInSql } from './people/held.ts'
import { type HistoryColumn, historyInSql, toHistory, wasRefusedRecently } from './requests/history.ts'
import { findBreakGlassUse } from './requests/reviews.ts'

type Row = ClusterColumns &
  RightsColumns &
  HeldColumns &
  HistoryColumn &
  PodsColumn & { now: Date; isPolicyStored: boolean; isEntitlementStored: boolean }

/** Who submits what, under which policy. */
type Judged = Omit<
  Gathered,
  | 'now'
  | 'cluster'
  | 'rights'
  | 'stage'
  | 'held'
  | 'history'
  | 'extended'
  | 'breakGlassUse'
  | 'refusedRecently'
  | 'pods'
  | 'requester'
  | 'policy'
> & {
  requester: Person
  /** The grant that it extends, if any. */
  extends: string | undefined
  policy: Gathered['policy'] & { configuration: ConfiguredLimits; compiled: readonly CompiledGuardrail[] }
}

/** The person, without a manager whom the identity provider names but Postern doesn't know. */
async function withKnownManager(tx: Tx, person: Person, { identity }: Routing): Promise<Person> {
  if (!identity?.managerClaim || !person.manager) return person
  return (await isKnownMailbox(tx, person.manager)) ? person : { ...person, manager: null }
}

/**
 * The facts of a judgement, in one statement, and one more for an extension: the database's time, the last known state of the cluster, what the
 * requester has already, and whether these versions of the configuration and the entitlement are already stored.
 */
export async function gatherJudgement(tx: Tx, judged: Judged) {
  const compiled = withCondition(judged.policy.compiled, judged.entitlement)
  const entitlementHash = contentHash(judged.entitlement)
  const [row] = await tx.$queryRaw<Row[]>`
    SELECT now() AS now, c.namespaces, c.cluster_roles AS "clusterRoles", c.reachable, r.hash AS "rightsHash",
      r.read_at AS "rightsReadAt", r.error AS "rightsError",
      r.signature AS "rightsSignature",
      ${heldInSql(judged.requester.id)},
      ${podsInSql(compiled, judged.submission.namespaces)},
      ${historyInSql({ compiled, personId: judged.requester.id, entitlement: judged.entitlement.name, before: null })},
      EXISTS (SELECT FROM policy_versions WHERE hash = ${judged.policy.hash}) AS "isPolicyStored",
      EXISTS (SELECT FROM entitlement_versions WHERE hash = ${entitlementHash}) AS "isEntitlementStored"
    FROM (SELECT) AS one LEFT JOIN cluster_states c ON c.name = ${judged.submission.cluster}
    LEFT JOIN cluster_rights r ON r.cluster = ${judged.submission.cluster}`
  if (!row) throw new Error('a SELECT without a table returned no row')
  const { now, isPolicyStored, isEntitlementStored } = row
  const rights = await observedRights(tx, judged.submission.cluster, row)
  const held = heldWithin(row, judged.policy.configuration)
  const { requester, submission, entitlement } = judged
  const question = { personId: requester.id, requestId: null }
  const extended = judged.extends && (await findExtendedGrant(tx, { ...question, grantId: judged.extends }))
  // An extension has the rules of the access, which an approver may have narrowed, unless it names others.
  const rules = submission.rules ?? (extended && !entitlement.clusterRole ? extended.rules : undefined)
  const breakGlassUse = entitlement.breakGlass && (await findBreakGlassUse(tx, requester.id, entitlement.name))
  const refusedRecently = entitlement.automatic && (await wasRefusedRecently(tx, requester.id, entitlement.name))
  const observed = { cluster: toObservedCluster(row), rights, held, history: toHistory(row), pods: toPods(row), now }
  const facts = toJudgementFacts({
    ...judged,
    requester: await withKnownManager(tx, requester, judged.policy.configuration),
    ...observed,
    breakGlassUse,
    refusedRecently,
    ...(judged.extends ? { extended: extended || null } : {}),
    submission: { ...submission, rules: rules ?? null },
    stage: 'submitting',
  })
  return { facts, entitlementHash, isPolicyStored, isEntitlementStored }
}
export type GatheredJudgement = Awaited<ReturnType<typeof gatherJudgement>>
