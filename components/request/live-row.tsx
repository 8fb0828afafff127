import { Link } from '#components/ui/link'
import { Remaining, Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { type RequestActionSet, RequestActions } from './request-actions.tsx'
import { SeverityMark } from './severity-mark.tsx'
import { StatusMark, shownStatus } from './status-mark.tsx'
import { namespacesInWords, whatInWords } from './words.ts'

/** The people who approved, or how it was approved without any. */
function approvers({ steps }: RequestSummary): string {
  const names = new Set(steps.flatMap(({ approvedBy }) => approvedBy.map(({ name }) => name)))
  return names.size > 0 ? [...names].join(' and ') : 'automatic'
}

/** Live access in one row: who can do what where, who approved it, the time left, and how to end it. */
export function LiveRow({ request, actions }: { request: RequestSummary; actions: RequestActionSet }) {
  const { grant } = request
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 border-b border-line py-2 rail:grid-cols-[6.5rem_minmax(0,1fr)_minmax(0,2fr)_11rem_auto]">
      <StatusMark status={shownStatus(request)} />
      <span className="col-span-2 min-w-0 rail:col-span-1">
        <Link href={`/requests/${request.id}`} data-row="" className="block font-strong hover:underline rail:truncate">
          <UntrustedText>{request.requester.name}</UntrustedText>
        </Link>
        <span className="block text-dense wrap-anywhere text-muted">
          approved by <UntrustedText>{approvers(request)}</UntrustedText>
        </span>
      </span>
      <span className="col-span-2 min-w-0 rail:col-span-1">
        <span className="flex flex-wrap items-baseline gap-x-3">
          <UntrustedText>{request.title}</UntrustedText>
          <SeverityMark severity={request.risk.severity} />
        </span>
        <code className="line-clamp-2 wrap-anywhere text-muted" title={whatInWords(request)}>
          <UntrustedText>{`${request.cluster} · ${namespacesInWords(request.namespaces)} · ${whatInWords(request)}`}</UntrustedText>
        </code>
      </span>
      <span className="col-span-2 min-w-0 text-dense text-muted rail:col-span-1">
        {grant?.status === 'active' && grant.activatedAt && grant.expiresAt ? (
          <Remaining since={grant.activatedAt} until={grant.expiresAt} />
        ) : grant?.status === 'pending' ? (
          request.startsAt ? (
            <>
              starts <Time at={request.startsAt} />
            </>
          ) : (
            'being created'
          )
        ) : (
          'waiting for the cluster to deny access'
        )}
      </span>
      <div className="col-start-2 row-start-1 flex justify-end empty:hidden rail:col-start-5">
        <RequestActions request={request} actions={actions} />
      </div>
    </li>
  )
}
