// What a guardrail does and where it looks, in words for people who do not read policies.
import { durationInWords } from '#lib/core/access/duration'
import type { Freeze, Guardrail } from './schema.ts'

const frozenInWords = (freeze: Freeze): string =>
  'calendar' in freeze
    ? `not while ${freeze.calendar} says so`
    : `not during ${freeze.name}, ${freeze.from} to ${freeze.to}`

/** What it wants or limits; empty where it refuses or warns. */
export function doesOf({ require: needs, limit }: Guardrail): string[] {
  const steps = (needs?.approvals ?? []).map(({ groups, count }) => `${count} of ${groups.join(' or ')} must approve`)
  const ticket = needs?.ticket === true ? 'a ticket' : needs?.ticket && `a ticket written as ${needs.ticket.pattern}`
  const windows = (limit?.windows ?? []).map(
    ({ zone, days, from, to }) => `${days.join(', ')} ${from} to ${to} ${zone}`,
  )
  return [
    ...steps,
    needs?.approvers && `at least ${needs.approvers} different people must approve`,
    ticket,
    needs?.reasonMinLength && `a reason of at least ${needs.reasonMinLength} characters`,
    limit?.maxDuration && `at most ${durationInWords(limit.maxDuration)}`,
    windows.length > 0 && `begins ${windows.join(', or ')}`,
    ...(limit?.freezes ?? []).map(frozenInWords),
    limit?.mayOutliveWindow && 'may go on after it has closed',
  ].filter((words): words is string => typeof words === 'string')
}

/** Which requests it looks at; empty where it is every one. */
export function describeMatch({ match }: Guardrail): string[] {
  const labels = (wanted: Record<string, string> | undefined) =>
    Object.entries(wanted ?? {}).map(([key, value]) => `${key}=${value}`)
  const parts: [string, readonly string[]][] = [
    ['clusters', match?.clusters ?? []],
    ['clusters with', labels(match?.clusterLabels)],
    ['namespaces', match?.namespaces ?? []],
    ['namespaces with', labels(match?.namespaceLabels)],
    ['entitlements', match?.entitlements ?? []],
    ['requesters in', match?.groups ?? []],
  ]
  return parts.flatMap(([what, names]) => (names.length > 0 ? [`${what} ${names.join(', ')}`] : []))
}
