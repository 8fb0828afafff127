import { groupsInWords } from '#lib/core/access/on-call'
import type { RequestResource } from '#lib/core/access/request-resource'
import type { Severity } from '#lib/core/access/severity'
import type { InboxItem } from '#lib/core/approvals/inbox-filter'
import type { Denied } from './denials.tsx'
import { type ShownStatus, shownStatus } from './status-mark.tsx'
import { namespacesInWords } from './words.ts'

/** A row of the inbox, with no more than it shows. */
export type InboxListRow = Denied & {
  requesterId: string
  where: string
  severity: Severity
  durationSeconds: number
  /** The first line of the reason. */
  reason: string
  ticket: string | null
  /** The program that submitted it for the requester. */
  agent: string | null
  createdAt: string
  escalation: { to: string; at: string; isDone: boolean } | null
  needsInformation: boolean
  /** The outcome of the open request after it was decided; null while it waits. */
  outcome: ShownStatus | null
}

const firstLine = (text: string) => text.split('\n').find((line) => line.trim()) ?? ''

export const toListRow = (item: InboxItem, open: RequestResource | null): InboxListRow => ({
  id: item.id,
  digest: item.digest,
  requester: item.requester.name,
  requesterId: item.requester.id,
  title: item.title,
  where: `${item.cluster} · ${namespacesInWords(item.namespaces)}`,
  severity: item.severity,
  durationSeconds: item.durationSeconds,
  reason: firstLine(item.reason).slice(0, 200),
  ticket: item.ticket,
  agent: item.agent,
  createdAt: item.createdAt.toISOString(),
  escalation: item.escalation && {
    to: groupsInWords(item.escalation.groups),
    at: item.escalation.at.toISOString(),
    isDone: item.escalation.isDone,
  },
  needsInformation: item.needsInformation,
  outcome: item.id === open?.id && !item.isWaiting ? shownStatus(open) : null,
})
