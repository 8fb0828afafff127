import { findInboxRows, type InboxRow } from '#lib/adapters/db/requests/find-requests'
import type { PersonActor } from '#lib/core/access/actor'
import { secondsOf } from '#lib/core/access/duration'
import type { RequestSummary } from '#lib/core/access/request-resource'
import type { RiskResource } from '#lib/core/access/risk-resource'
import type { Rule } from '#lib/core/access/rule'
import { clockOf, stoppedSince } from '#lib/core/approvals/approval-clock'
import { shownEscalation } from '#lib/core/approvals/escalation'
import {
  type InboxChoice,
  type InboxField,
  type InboxFilter,
  type InboxItem,
  inboxChoices,
  inInboxOrder,
  matchesInbox,
} from '#lib/core/approvals/inbox-filter'
import { deciderOf } from './reader.ts'
import { riskOf } from './risk.ts'

/** More than this is a flood, not an inbox: the page says how many there are. */
const mostRows = 1000

export type Inbox = {
  /** The first matching requests in the order of the filter, with the open one in its place. */
  items: InboxItem[]
  /** How many match, how many were read, and how many wait. `read` is less than `waiting` only in a flood. */
  matching: number
  read: number
  waiting: number
  choices: Record<InboxField, InboxChoice[]>
}

/** Assesses each set of permissions once: most requests of an entitlement have the same. */
function severities() {
  const known = new Map<string, RiskResource['severity']>()
  return (rules: Rule[], namespaces: string[]) => {
    const key = JSON.stringify([rules, namespaces])
    const severity = known.get(key) ?? riskOf(rules, namespaces).severity
    known.set(key, severity)
    return severity
  }
}

const sooner = (a: Date, b: Date | null) => (b && b < a ? b : a)

function toItem(row: InboxRow, severity: InboxItem['severity']): InboxItem {
  const { lapsesAt, startsAt, rules: _rules, steps, approverGroups, comments, ...rest } = row
  const clock = clockOf(row.createdAt, row.requester.id, comments)
  const escalation = shownEscalation(steps, approverGroups, clock, new Date())
  return {
    ...rest,
    needsInformation: stoppedSince(clock) !== null,
    severity,
    dueAt: sooner(lapsesAt, startsAt),
    escalation,
    isWaiting: true,
  }
}

function openItem(open: RequestSummary): InboxItem {
  const { id, digest, title, entitlement, cluster, namespaces, reason, ticket, agent } = open
  return {
    ...{ id, digest, title, entitlement, cluster, namespaces, reason, ticket, agent },
    requester: { id: open.requester.id, name: open.requester.name },
    severity: open.risk.severity,
    durationSeconds: secondsOf(open.duration),
    createdAt: new Date(open.createdAt),
    dueAt: sooner(new Date(open.lapsesAt), open.startsAt ? new Date(open.startsAt) : null),
    ...{ escalation: null, needsInformation: false },
    isWaiting: false,
  }
}

/**
 * The requests that wait for this person's decision. One statement reads them all; they are filtered and sorted here.
 * @param show how many to return; more, if the open request comes later
 * @param open the request beside the list, which the reader may see; it is listed also when it is decided or filtered out
 */
export async function inbox(
  actor: PersonActor,
  filter: InboxFilter,
  show: number,
  open: RequestSummary | null,
): Promise<Inbox> {
  const { rows, total } = await findInboxRows(deciderOf(actor), mostRows)
  const severityOf = severities()
  const all = rows.map((row) => toItem(row, severityOf(row.rules, row.namespaces)))
  const matching = all.filter((row) => matchesInbox(row, filter))
  const isListed = !open || matching.some(({ id }) => id === open.id)
  const here = open && all.find(({ id }) => id === open.id)
  const listed = inInboxOrder(isListed ? matching : [...matching, here ?? openItem(open)], filter)
  const shown = Math.max(show, listed.findIndex(({ id }) => id === open?.id) + 1)
  return {
    items: listed.slice(0, shown),
    matching: matching.length,
    read: all.length,
    waiting: total,
    choices: inboxChoices(all),
  }
}
