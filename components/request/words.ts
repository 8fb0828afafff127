import type { RequestSummary, StepResource } from '#lib/core/access/resources'
import type { EndReason } from '#lib/core/access/status'
import { rulesInWords } from '#lib/core/rbac/sentence'
import { type ShownStatus, shownStatus } from './status-mark.tsx'

/** What a request gives, as the end of "may …". */
export const whatInWords = ({ rules, clusterRole }: Pick<RequestSummary, 'rules' | 'clusterRole'>): string =>
  clusterRole ? `do what the ClusterRole ${clusterRole} allows` : rulesInWords(rules)

/** The verb of the headline: who only asks may nothing yet, and who could may no longer. */
export function verbOf(status: ShownStatus, neverActive: boolean): string {
  if (status === 'pending') return 'asks to'
  if (status === 'approved' || status === 'active') return 'may'
  if (status === 'ending') return neverActive ? 'asked to' : 'may still'
  return status === 'ended' && !neverActive ? 'could' : 'asked to'
}

/** How a grant ended, as the end of "ended …". */
export const endedBy: Record<EndReason, string> = {
  expiry: 'by expiry',
  revocation: 'by revocation',
  release: 'given back',
  failure: 'because the cluster refused it',
  ineligible: 'because policy no longer permitted it',
}

const people = (count: number) => `${count} ${count === 1 ? 'person' : 'people'}`

/** What a step still waits for: `1 of payments-leads: 2 people`; undefined where it has what it needs. */
export function stepInWords(step: StepResource): string | undefined {
  const missing = step.count - step.approvedBy.length
  if (missing <= 0) return undefined
  const known = step.eligible.length
  return `${missing} of ${step.groups.join(' or ')}: ${known ? people(known) : 'nobody has signed in yet'}`
}

/** Where, on one line: `prod-eu · payments, checkout-eu`; from the fourth namespace on they are counted. */
export function namespacesInWords(namespaces: readonly string[]): string {
  return namespaces.length > 3
    ? `${namespaces.slice(0, 2).join(', ')} and ${namespaces.length - 2} more`
    : namespaces.join(', ')
}

/** The heading over the rules, in the tense that fits: nobody should read a refused request as something possible. */
export function aboutTitle({ status, grant }: RequestSummary): string {
  if (status === 'pending') return 'What becomes possible'
  if (status !== 'approved' || (grant?.status === 'ended' && !grant.activatedAt)) return 'What was asked for'
  return grant?.status === 'ended' ? 'What was possible' : 'What is possible'
}

const order: ShownStatus[] = ['active', 'ending', 'approved', 'pending']

/** What is held now before what is waited for; within each the newest first, as the list came. */
export const heldFirst = (requests: RequestSummary[]): RequestSummary[] =>
  [...requests].sort((a, b) => order.indexOf(shownStatus(a)) - order.indexOf(shownStatus(b)))
