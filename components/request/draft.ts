import { secondsOf } from '#lib/core/access/duration'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import type { Draft } from '#lib/core/access/form-input'
import type { Preview } from '#lib/core/access/preview-resource'
import type { Offer } from '#lib/core/rbac/offered-resources'
import { firstRows, offersIn, rowsOf } from './rule-rows.ts'

const areTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string')

const isRow = (value: unknown): boolean => {
  const { apiGroups, resources, verbs, resourceNames = [] } = Object(value)
  return [apiGroups, resources, verbs, resourceNames].every(areTexts)
}

/** Is this a draft that an earlier visit of the page stored? */
export function isDraft(stored: unknown): stored is Draft {
  const { cluster, namespaces, rules, durationSeconds, reason, ticket, startsAt } = Object(stored)
  return (
    [cluster, reason, ticket, startsAt].every((one) => typeof one === 'string') &&
    typeof durationSeconds === 'number' &&
    areTexts(namespaces) &&
    Array.isArray(rules) &&
    rules.every(isRow)
  )
}

/** The initial draft, with everything that is already known. */
export function firstDraft(entitlement: EntitlementResource, offers: readonly Offer[], known: Partial<Draft>): Draft {
  const cluster = entitlement.clusters.find((one) => one.name === known.cluster) ?? entitlement.clusters[0]
  const only = cluster?.namespaces.length === 1 ? cluster.namespaces : []
  return {
    cluster: cluster?.name ?? '',
    namespaces: known.namespaces?.length ? known.namespaces : only,
    rules: rowsFor(entitlement, offersIn(offers, cluster?.name ?? ''), known.rules),
    durationSeconds: Math.min(
      known.durationSeconds || secondsOf(entitlement.defaultDuration),
      secondsOf(entitlement.maxDuration),
    ),
    reason: known.reason ?? '',
    ticket: known.ticket ?? '',
    startsAt: '',
  }
}

function rowsFor({ kind }: EntitlementResource, offers: readonly Offer[], known: Draft['rules'] | undefined) {
  if (kind !== 'ceiling') return []
  const rows = rowsOf(known ?? [], offers)
  return rows.length > 0 ? rows : firstRows(offers)
}

/** Choices have no order. */
const sorted = (value: unknown): unknown =>
  areTexts(value)
    ? [...value].sort()
    : Array.isArray(value)
      ? value.map(sorted)
      : typeof value === 'object' && value !== null
        ? Object.entries(value)
            .map(([key, inner]) => [key, sorted(inner)])
            .sort()
        : value

/** The fields in which a form differs from its draft. */
export const changedFields = (draft: Draft, typed: Partial<Draft>): Partial<Draft> =>
  Object.fromEntries(
    Object.entries(typed).filter(
      ([key, value]) => JSON.stringify(sorted(value)) !== JSON.stringify(sorted(draft[key as keyof Draft])),
    ),
  )

/** An instant as a datetime-local control shows it: to the minute, in the reader's zone, never before the instant. */
export function localMinute(at: string): string {
  const time = new Date(Math.ceil(Date.parse(at) / 60_000) * 60_000)
  const two = (part: number) => String(part).padStart(2, '0')
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${date}T${two(time.getHours())}:${two(time.getMinutes())}`
}

/** The instant of a datetime-local control, as the API expects it; empty for an empty control. */
export const startOf = (minute: string): string => (minute ? new Date(minute).toISOString() : '')

/** The requirements for reason and ticket, from the entitlement and from the guardrails of the last preview. */
export function requirementsOf(entitlement: EntitlementResource, preview: Preview | null) {
  const requirements = preview?.verdict.requirements
  const patterns = [entitlement.ticket.pattern, ...(requirements?.ticketPatterns ?? [])]
  return {
    reasonMinLength: Math.max(entitlement.reasonMinLength, requirements?.reasonMinLength ?? 0),
    ticketRequired: entitlement.ticket.required || (requirements?.ticketRequired ?? false),
    ticketPatterns: [...new Set(patterns.filter((pattern) => pattern !== null))],
    ticketExample: preview ? preview.ticketExample : entitlement.ticket.example,
  }
}
