import type { ReportScope } from '#lib/adapters/db/requests/report'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { skippedGroups } from '#lib/core/access/break-glass'
import { seesEverything } from '#lib/core/access/may-see'
import { isReservedGroup } from '#lib/core/access/on-call'
import { requiredStepsOf, writtenGroups } from '#lib/core/access/routing'
import { allGroups } from '#lib/core/approvals/escalation'

/**
 * What this person's report counts: everything for auditors and admins; for an approver the requests that their groups may
 * decide, and the refused submissions of entitlements whose steps name these groups. Null for everyone else.
 */
export function reportScope(actor: PersonActor): ReportScope | null {
  if (seesEverything(actor)) return 'all'
  const { entitlements, guardrails } = currentPolicy().configuration
  const ofEntitlements = entitlements.map((one) => ({
    name: one.name,
    groups: [...one.approvals.flatMap(allGroups), ...skippedGroups(one)],
  }))
  const named = new Set(
    ofEntitlements.flatMap((one) => one.groups).concat(requiredStepsOf({ guardrails }).flatMap(writtenGroups)),
  )
  // The steps of a request may name the person on call, an owner or a manager, whom the policy does not list.
  const groups = actor.person.groups.filter((group) => named.has(group) || isReservedGroup(group)).sort()
  if (groups.length === 0) return null
  const isTheirs = (one: { groups: readonly string[] }) => one.groups.some((group) => groups.includes(group))
  return { groups, entitlements: ofEntitlements.filter(isTheirs).map(({ name }) => name) }
}
