// How access, its approvers and its end read in a terminal.

import type { AlreadyHeld, Grant, RequestState, Rule, Step } from '#lib/api-client/shapes'
import { durationInWords, secondsOf, shortDuration } from '#lib/core/access/duration'
import { noGroupInWords } from '#lib/core/access/on-call'
import { type Severity, severities } from '#lib/core/access/severity'
import { rulesInWords } from '#lib/core/rbac/sentence'
import { line } from '../output.ts'

/** `20:40`, or with the date if that is another day. */
export function clock(time: string, now = new Date()): string {
  const at = new Date(time)
  const hours = `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`
  const isToday = at.toDateString() === now.toDateString()
  const day = `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`
  return isToday ? hours : `${day} ${hours}`
}

export const timeLeft = (until: string, now = Date.now()): string =>
  shortDuration(Math.max(0, Math.round((Date.parse(until) - now) / 1000)))

const reasons: Record<string, string> = {
  expiry: 'it expired',
  revocation: 'it was revoked',
  release: 'it was released',
  superseded: 'it was extended',
  failure: 'it failed',
  ineligible: 'its holder or an approver is no longer eligible',
}

/** `ended at 20:40: it was revoked by Priya: enough now.` */
export function endInWords({ status, endedAt, endedBy, endNote, endedByName }: Grant): string {
  if (status === 'pending') return 'is not active yet.'
  if (status === 'active') return 'is active, but no token was issued. Try again.'
  const why = endedBy === null ? '' : `: ${reasons[endedBy] ?? line(endedBy)}`
  const who = endedByName && endedBy === 'revocation' ? ` by ${line(endedByName)}` : ''
  const note = endNote ? `: ${line(endNote).replace(/[.!?]$/, '')}` : ''
  return status === 'ending'
    ? `is ending${why}${who}${note}.`
    : `ended${endedAt ? ` at ${clock(endedAt)}` : ''}${why}${who}${note}.`
}

/** `You have this already: Restart payment services (active, until 20:40), req_….` */
export function heldInWords({ requestId, title, status, missing, expiresAt }: AlreadyHeld): string {
  const until = expiresAt ? `, until ${clock(expiresAt)}` : ''
  return (
    `You ${status === 'active' ? 'have' : 'requested'} ${missing.length > 0 ? 'a part of this' : 'this'} already: ` +
    `${line(title)} (${line(status)}${until}), ${line(requestId)}.`
  )
}

/** What one status says of a request and its grant together. */
export function statusOf({ status, grant }: Pick<RequestState, 'status' | 'grant'>): string {
  if (!grant) return status === 'lapsed' ? 'expired undecided' : status
  if (grant.status === 'ended') return grant.endedBy ? `ended (${grant.endedBy})` : 'ended'
  return grant.status === 'pending' ? 'approved' : grant.status
}

export const rulesText = (rules: readonly Rule[], clusterRole: string | null): string =>
  rules.length === 0 && clusterRole ? `ClusterRole ${clusterRole}` : rulesInWords(rules)

/** `payments-leads (Priya Raman or Sam Duarte)` for each step that is still open. */
export function approversOf(steps: readonly Step[]): string {
  const open = steps.filter(({ approvedBy, count }) => approvedBy.length < count)
  return open
    .map(({ groups, count, approvedBy, eligible }) => {
      const left = count - approvedBy.length
      const people = eligible.filter(({ name }) => !approvedBy.some((one) => one.name === name)).map(({ name }) => name)
      const named = people.length > 3 ? `${people.slice(0, 3).join(', ')} or others` : people.join(' or ')
      return line(
        `${left > 1 ? `${left} of ` : ''}${groups.join(' or ') || noGroupInWords}${named ? ` (${named})` : ''}`,
        200,
      )
    })
    .join('; ')
}

/** NB: a severity that this version doesn't know counts as the highest. */
export const severityOf = ({ severity }: RequestState['risk']): Severity =>
  severities.find((one) => one === severity) ?? 'high'

export const durationText = (duration: string): string => durationInWords(secondsOf(duration))
