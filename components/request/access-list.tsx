import type { RequestSummary } from '#lib/core/access/request-resource'
import { AccessRow } from './access-row.tsx'
import type { RequestActionSet } from './request-actions.tsx'

type Props = { requests: RequestSummary[]; actions: RequestActionSet; past?: boolean }

/** The rows of the engineer's home: current access and pending requests, or recent ones. */
export function AccessList({ requests, actions, past = false }: Props) {
  return (
    <ul>
      {requests.map((request) => (
        <AccessRow key={request.id} request={request} actions={actions} past={past} />
      ))}
    </ul>
  )
}
