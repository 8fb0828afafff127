// Describes what a guardrail does and what it matches, for people who do not read policies.

import { durationInWords } from '#lib/core/access/duration'
import type { FollowUps } from '#lib/core/access/entitlement'
import { approversInWords, groupsInWords } from '#lib/core/access/on-call'
import type { Freeze, Guardrail } from './schema.ts'

const frozenInWords = (freeze: Freeze): string =>
  'calendar' in freeze
    ? `not during the events of ${freeze.calendar}`
    : `not during ${freeze.name}, ${freeze.from} to ${freeze.to}`

const after = (seconds: number) => `after ${durationInWords(seconds)}`

/** ` (reminded after 10 min, escalated to sre after 15 min)`; empty for a step without either. */
function followUpsInWords({ remindAfter, escalate = [] }: FollowUps): string {
  const parts = [
    ...(remindAfter === undefined ? [] : [`reminded ${after(remindAfter)}`]),
    ...escalate.map((level) => `escalated to ${groupsInWords(level.groups)} ${after(level.after)}`),
  ]
  return parts.length > 0 ? ` (${parts.join(', ')})` : ''
}

const approvals = (count: number) => (count === 1 ? 'one approval' : `${count} approvals`)

/** What it requires or limits; empty for a guardrail that denies or warns. */
export function describeEffect({ require: required, limit }: Guardrail): string[] {
  const steps = (required?.approvals ?? []).map((step) => {
    const groups = 'groups' in step ? approversInWords(step) : 'the groups that depend on the request'
    return `${approvals(step.count)} from ${groups}${followUpsInWords(step)}`
  })
  const ticket =
    required?.ticket === true ? 'a ticket' : required?.ticket && `a ticket that matches ${required.ticket.pattern}`
  const windows = (limit?.windows ?? []).map(
    ({ zone, days, from, to }) => `${days.join(', ')} ${from} to ${to} ${zone}`,
  )
  return [
    ...steps,
    required?.approvers && `at least ${required.approvers} ${required.approvers === 1 ? 'approver' : 'approvers'}`,
    ticket,
    required?.reasonMinLength && `a reason of at least ${required.reasonMinLength} characters`,
    limit?.maxDuration && `at most ${durationInWords(limit.maxDuration)}`,
    windows.length > 0 && `starts ${windows.join(', or ')}`,
    ...(limit?.freezes ?? []).map(frozenInWords),
    limit?.mayOutliveWindow && 'access may continue after the window closes',
  ].filter((part): part is string => typeof part === 'string')
}

/** Which requests it matches; empty for every request. */
export function describeMatch({ match }: Guardrail): string[] {
  const labels = (selector: Record<string, string> | undefined) =>
    Object.entries(selector ?? {}).map(([key, value]) => `${key}=${value}`)
  const parts: [string, readonly string[]][] = [
    ['clusters', match?.clusters ?? []],
    ['clusters labelled', labels(match?.clusterLabels)],
    ['namespaces', match?.namespaces ?? []],
    ['namespaces labelled', labels(match?.namespaceLabels)],
    ['entitlements', match?.entitlements ?? []],
    ['requesters in', match?.groups ?? []],
    // Every request is namespaced.
    ['the scope', match?.scope === 'cluster' ? ['cluster'] : []],
  ]
  return parts.flatMap(([label, names]) => (names.length > 0 ? [`${label} ${names.join(', ')}`] : []))
}
