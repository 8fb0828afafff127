import { compareSeverity, type Severity, severities } from '#lib/core/access/severity'

// Which waiting requests an approver sees, and in which order. An inbox is read whole (lib/views/inbox.ts), so that a
// filter by severity, which the database does not know, is as exact as the others.

export const inboxSorts = ['urgency', 'oldest', 'risk'] as const
export type InboxSort = (typeof inboxSorts)[number]

/** The fields that a filter compares with one value. */
export const inboxFields = ['cluster', 'namespace', 'severity', 'requester', 'entitlement'] as const
export type InboxField = (typeof inboxFields)[number]

export type InboxFilter = Partial<Record<InboxField, string>> & {
  /** Words that all occur in the request, in any order. */
  text?: string
  sort: InboxSort
  /** Keep the requests of one person together. */
  isGrouped: boolean
}

export type InboxFacts = {
  id: string
  cluster: string
  namespaces: readonly string[]
  severity: Severity
  requester: { id: string; name: string }
  entitlement: string
  title: string
  reason: string
  ticket: string | null
  createdAt: Date
  /** When the request expires, or when its access is to start if that is sooner. */
  dueAt: Date
}

/** A row of the inbox. */
export type InboxItem = InboxFacts & {
  digest: string
  durationSeconds: number
  /** The program that submitted it for the requester. */
  agent: string | null
  /** The last escalation that happened, and the next one; null without any. */
  escalation: { groups: string[]; at: Date; isDone: boolean } | null
  /** An approver requested information, and the requester has not answered yet. */
  needsInformation: boolean
  /** The open request stays in the list after it was decided. */
  isWaiting: boolean
}

const valuesOf = (row: InboxFacts): Record<InboxField, readonly string[]> => ({
  cluster: [row.cluster],
  namespace: row.namespaces,
  severity: [row.severity],
  requester: [row.requester.id],
  entitlement: [row.entitlement],
})

const textOf = (row: InboxFacts) =>
  [row.title, row.entitlement, row.requester.name, row.cluster, ...row.namespaces, row.reason, row.ticket ?? '']
    .join('\n')
    .toLowerCase()

export function matchesInbox(row: InboxFacts, filter: InboxFilter): boolean {
  const values = valuesOf(row)
  const words = (filter.text ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  return (
    inboxFields.every((field) => filter[field] === undefined || values[field].includes(filter[field])) &&
    (words.length === 0 || words.every((word) => textOf(row).includes(word)))
  )
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const bySort: Record<InboxSort, (a: InboxFacts, b: InboxFacts) => number> = {
  urgency: (a, b) => a.dueAt.getTime() - b.dueAt.getTime(),
  oldest: () => 0,
  risk: (a, b) => compareSeverity(b.severity, a.severity),
}

/** Sorts by the filter's order; requests that are equal in it, oldest first. */
export function inInboxOrder<Row extends InboxFacts>(rows: readonly Row[], { sort, isGrouped }: InboxFilter): Row[] {
  const group = (row: Row) => `${row.requester.name.toLowerCase()}\n${row.requester.id}`
  return [...rows].sort(
    (a, b) => (isGrouped ? compare(group(a), group(b)) : 0) || bySort[sort](a, b) || compare(a.id, b.id),
  )
}

export type InboxChoice = { value: string; label: string; count: number }

/** The values of each field that occur, with their number, for the controls of the filter. */
export function inboxChoices(rows: readonly InboxFacts[]): Record<InboxField, InboxChoice[]> {
  const choices = Object.fromEntries(inboxFields.map((field) => [field, new Map<string, InboxChoice>()])) as Record<
    InboxField,
    Map<string, InboxChoice>
  >
  for (const row of rows) {
    const values = valuesOf(row)
    for (const field of inboxFields)
      for (const value of values[field]) {
        const label = field === 'requester' ? row.requester.name : field === 'entitlement' ? row.title : value
        const known = choices[field].get(value) ?? { value, label, count: 0 }
        choices[field].set(value, { ...known, count: known.count + 1 })
      }
  }
  const sorted = (field: InboxField) => [...choices[field].values()].sort((a, b) => compare(a.label, b.label))
  return {
    cluster: sorted('cluster'),
    namespace: sorted('namespace'),
    severity: severities.toReversed().flatMap((severity) => choices.severity.get(severity) ?? []),
    requester: sorted('requester'),
    entitlement: sorted('entitlement'),
  }
}

type Params = Record<string, string | string[] | undefined>
const textIn = (params: Params, name: string) => {
  const value = params[name]
  return typeof value === 'string' && value.trim() ? value.trim() : undefined
}

/** The filter in a page's address. Unknown values of a sort count as none. */
export function inboxFilterIn(params: Params): InboxFilter {
  const sort = inboxSorts.find((one) => one === params.sort) ?? 'urgency'
  const fields = inboxFields.map((field) => [field, textIn(params, field)] as const)
  const text = textIn(params, 'q')
  return {
    ...Object.fromEntries(fields.filter(([, value]) => value !== undefined)),
    ...(text ? { text } : {}),
    ...{ sort, isGrouped: params.group === 'requester' },
  }
}

export type InboxHref = '/inbox' | `/inbox?${string}`

/** The address of the inbox with this filter, and with more parameters after it. */
export function inboxHref(filter: InboxFilter, more: Record<string, string | undefined> = {}): InboxHref {
  const params = new URLSearchParams()
  for (const field of inboxFields) if (filter[field]) params.set(field, filter[field])
  if (filter.text) params.set('q', filter.text)
  if (filter.sort !== 'urgency') params.set('sort', filter.sort)
  if (filter.isGrouped) params.set('group', 'requester')
  for (const [name, value] of Object.entries(more)) if (value) params.set(name, value)
  const query = params.toString()
  return query ? `/inbox?${query}` : '/inbox'
}

/** The address of the inbox with this request open. */
export const withRequest = (inbox: InboxHref, id: string): InboxHref =>
  inbox === '/inbox' ? `/inbox?request=${id}` : `${inbox}&request=${id}`

/** Does the filter leave anything out? */
export const isNarrowing = (filter: InboxFilter): boolean =>
  filter.text !== undefined || inboxFields.some((field) => filter[field] !== undefined)
