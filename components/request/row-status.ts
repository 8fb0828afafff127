import type { RequestSummary } from '#lib/core/access/request-resource'
import type { EndedTimeProps } from './ended-time.tsx'
import { stepInWords } from './words.ts'

/** What a row of Access says about its request, with no more than it shows. Times are ISO 8601. */
export type RowStatus =
  | { is: 'failing'; lead: string; error: string }
  | { is: 'active'; since: string; until: string }
  | { is: 'starting'; at: string }
  | ({ is: 'ended' } & EndedTimeProps)
  | { is: 'waiting'; approvals: string }
  | { is: 'words'; words: string; isUrgent: boolean }
  | { is: 'over'; at: string }

/** What the request is waiting for, the time left, or how the access ended. */
export function rowStatus(request: RequestSummary): RowStatus {
  const { grant, status } = request
  const words = (text: string, isUrgent = false): RowStatus => ({ is: 'words', words: text, isUrgent })
  if (grant?.lastError && grant.status !== 'ended')
    return { is: 'failing', lead: grant.status === 'pending' ? 'Not granted yet' : 'Retrying', error: grant.lastError }
  if (grant?.status === 'active' && grant.activatedAt && grant.expiresAt)
    return { is: 'active', since: grant.activatedAt, until: grant.expiresAt }
  if (grant?.status === 'pending')
    return request.startsAt ? { is: 'starting', at: request.startsAt } : words('being created in the cluster')
  if (grant?.status === 'ending') return words('waiting for the cluster to deny access')
  if (grant?.endedAt) {
    const { activatedAt, endedAt, endedBy } = grant
    return { is: 'ended', activatedAt, endedAt, endedBy, duration: request.duration }
  }
  if (status === 'pending' && request.needsInformationSince)
    return words('an approver needs more information from you', true)
  if (status === 'pending') {
    const waits = request.steps.flatMap((step) => stepInWords(step) ?? [])
    return { is: 'waiting', approvals: waits.join(' and ') || 'Postern to process it' }
  }
  return { is: 'over', at: request.resolvedAt ?? request.createdAt }
}
