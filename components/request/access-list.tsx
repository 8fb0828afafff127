import type { RequestSummary } from '#lib/core/access/request-resource'
import { AccessRow } from './access-row.tsx'
import { type RequestActionSet, RequestActions } from './request-actions.tsx'
import { rowStatus } from './row-status.ts'
import { shownStatus } from './status-mark.tsx'
import { namespacesInWords } from './words.ts'

type Props = { requests: RequestSummary[]; actions: RequestActionSet; past?: boolean }

/** The rows of the engineer's home: current access and pending requests, or recent ones. */
export function AccessList({ requests, actions, past = false }: Props) {
  return (
    <ul>
      {requests.map((request) => (
        <AccessRow
          key={request.id}
          id={request.id}
          title={request.title}
          where={`${request.cluster} · ${namespacesInWords(request.namespaces)}`}
          mark={shownStatus(request)}
          status={rowStatus(request)}
          actions={past ? null : <RequestActions request={request} actions={actions} />}
        />
      ))}
    </ul>
  )
}
