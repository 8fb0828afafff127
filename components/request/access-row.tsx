import { clsx } from 'clsx'
import { Link } from '#components/ui/link'
import { LinkButton } from '#components/ui/link-button'
import { Remaining, Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { HeldTime } from './held-time.tsx'
import { type RequestActionSet, RequestActions } from './request-actions.tsx'
import { StatusMark, shownStatus } from './status-mark.tsx'
import { namespacesInWords, stepInWords } from './words.ts'

type Props = { request: RequestSummary; actions: RequestActionSet; past?: boolean }

/** One line of the engineer's home: the request, where, its status, and the action that fits. */
export function AccessRow({ request, actions, past = false }: Props) {
  const status = shownStatus(request)
  return (
    <li className="grid min-h-10 grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 border-b border-line py-2 rail:grid-cols-[6.5rem_minmax(0,1.2fr)_minmax(0,1fr)_12.5rem] xl:grid-cols-[6.5rem_minmax(0,1.25fr)_minmax(0,0.9fr)_minmax(0,1.1fr)_12.5rem] rail:py-1">
      <StatusMark status={status} />
      <span className="col-span-2 flex min-w-0 flex-col gap-y-1 rail:col-span-1 rail:gap-y-0 rail:py-1 xl:contents">
        <Link
          href={`/requests/${request.id}`}
          data-row=""
          className="min-w-0 font-strong hover:underline rail:truncate"
        >
          <UntrustedText>{request.title}</UntrustedText>
        </Link>
        <code className="min-w-0 text-muted rail:truncate">
          <UntrustedText>{`${request.cluster} · ${namespacesInWords(request.namespaces)}`}</UntrustedText>
        </code>
      </span>
      <span className="col-span-2 min-w-0 rail:col-span-1">
        <RowStatus request={request} />
      </span>
      <div
        className={clsx(
          'flex rail:col-start-4 rail:row-start-1 xl:col-start-5 rail:mt-0 rail:justify-end',
          past ? 'col-start-2 row-start-1' : 'col-span-2 mt-1 empty:hidden rail:col-span-1',
        )}
      >
        {past ? (
          <LinkButton kind="quiet" href={`/requests/new?again=${request.id}`}>
            Request again
          </LinkButton>
        ) : (
          <RequestActions request={request} actions={actions} />
        )}
      </div>
    </li>
  )
}

/** The status in a few words: what the request is waiting for, the time left, or how the access ended. */
function RowStatus({ request }: { request: RequestSummary }) {
  const { grant, status } = request
  if (grant?.lastError && grant.status !== 'ended')
    return (
      <span className="text-dense text-ending">
        {grant.status === 'pending' ? 'Not granted yet: ' : 'Retrying: '}
        <UntrustedText>{grant.lastError}</UntrustedText>
      </span>
    )
  if (grant?.status === 'active' && grant.activatedAt && grant.expiresAt)
    return <Remaining since={grant.activatedAt} until={grant.expiresAt} />
  if (grant?.status === 'pending')
    return (
      <span className="text-dense text-muted">
        {request.startsAt ? (
          <>
            starts <Time at={request.startsAt} />
          </>
        ) : (
          'being created in the cluster'
        )}
      </span>
    )
  if (grant?.status === 'ending')
    return <span className="text-dense text-muted">waiting for the cluster to deny access</span>
  if (grant?.endedAt)
    return (
      <span className="text-dense text-muted">
        <HeldTime grant={request.grant} duration={request.duration} />
      </span>
    )
  if (status === 'pending' && request.needsInformationSince)
    return <span className="text-dense text-ending">an approver needs more information from you</span>
  if (status === 'pending') {
    const waits = request.steps.flatMap((step) => stepInWords(step) ?? [])
    return (
      <span className="text-dense text-muted">
        waiting for <UntrustedText>{waits.join(' and ') || 'Postern to process it'}</UntrustedText>
      </span>
    )
  }
  return (
    <span className="text-dense text-muted">
      <Time at={request.resolvedAt ?? request.createdAt} />
    </span>
  )
}
