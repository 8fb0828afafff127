import { groupsInWords } from '#lib/core/access/on-call'
import type { RequestSummary } from '#lib/core/access/request-resource'
import type { EndReason } from '#lib/core/access/status'
import type { StepResource } from '#lib/core/access/step-resource'
import { rulesInWords } from '#lib/core/rbac/sentence'
import type { ShownStatus } from './status-mark.tsx'

/** A request's permissions, as the end of "can …". */
export const whatInWords = ({ rules, clusterRole }: Pick<RequestSummary, 'rules' | 'clusterRole'>): string =>
  clusterRole ? `use ClusterRole ${clusterRole}` : rulesInWords(rules)

/** The verb of the headline, in the tense that fits the status. */
export function verbOf(status: ShownStatus, neverActive: boolean): string {
  if (status === 'pending') return 'wants to'
  if (status === 'approved' || status === 'active') return 'can'
  if (status === 'ending') return neverActive ? 'wanted to' : 'can still'
  return status === 'ended' && !neverActive ? 'could' : 'wanted to'
}

/** Why a grant ended, in a word or two. */
export const endedBy: Record<EndReason, string> = {
  expiry: 'expired',
  revocation: 'revoked',
  release: 'released',
  failure: 'failed',
  ineligible: 'no longer eligible',
  superseded: 'extended',
}

const people = (count: number) => `${count} ${count === 1 ? 'person' : 'people'}`

/** The missing approvals of a step: `1 of payments-leads (2 people)`; undefined if the step is complete. */
export function stepInWords(step: StepResource): string | undefined {
  const missing = step.count - step.approvedBy.length
  if (missing <= 0) return undefined
  const known = step.eligible.length
  return `${missing} of ${groupsInWords(step.groups)} (${known ? people(known) : 'no one has signed in yet'})`
}

/** Where, on one line: `prod-eu · payments, checkout-eu`; more than three namespaces are counted. */
export function namespacesInWords(namespaces: readonly string[]): string {
  return namespaces.length > 3
    ? `${namespaces.slice(0, 2).join(', ')} and ${namespaces.length - 2} more`
    : namespaces.join(', ')
}

/** The heading over the permissions, in the tense that fits, so that a denied request never reads as access. */
export function aboutTitle({ status, grant }: RequestSummary): string {
  if (status === 'pending') return 'Requested permissions'
  if (status !== 'approved' || (grant?.status === 'ended' && !grant.activatedAt)) return 'Requested permissions'
  return grant?.status === 'ended' ? 'Permissions until the end' : 'Granted permissions'
}

/** What may still work after access has ended: Kubernetes checks a call when it begins, and a watch is one long call. */
export function outlivingAccess({ risk, rules }: Pick<RequestSummary, 'risk' | 'rules'>): string[] {
  const watches = rules.some(({ verbs }) => verbs.some((verb) => verb === 'watch' || verb === '*'))
  const found = risk.findings.flatMap(({ outlives }) => outlives ?? [])
  return [...new Set([...found, ...(watches ? ['a watch that is open when the grant ends'] : [])])]
}
