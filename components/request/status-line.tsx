import { Remaining, Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { HeldTime } from './held-time.tsx'
import { StatusMark, shownStatus } from './status-mark.tsx'
import { outlivingAccess, stepInWords } from './words.ts'

/** A request's status in one line: its state, the time left, and what it is waiting for. */
export function StatusLine({ request }: { request: RequestSummary }) {
  const { grant } = request
  const status = shownStatus(request)
  const outliving = outlivingAccess(request)
  return (
    <div id="decided" tabIndex={-1} className="flex flex-wrap items-center gap-x-4 gap-y-1 outline-none">
      <span role="status">
        <StatusMark status={status} />
      </span>
      {status === 'pending' && (
        <span>
          submitted <Time at={request.createdAt} />, waiting for{' '}
          <UntrustedText>
            {request.needsInformationSince
              ? `an answer from ${request.requester.name}`
              : request.steps.flatMap((step) => stepInWords(step) ?? []).join(' and ') || 'Postern to process it'}
          </UntrustedText>
          , expires <Time at={request.lapsesAt} />
        </span>
      )}
      {status === 'approved' && (
        <span>
          {request.startsAt ? (
            <>
              starts <Time at={request.startsAt} />
            </>
          ) : (
            'access is being created in the cluster'
          )}
        </span>
      )}
      {status === 'active' && grant?.activatedAt && grant.expiresAt && (
        <span className="flex w-72 max-w-full items-center gap-3 text-ink">
          <Remaining since={grant.activatedAt} until={grant.expiresAt} />
        </span>
      )}
      {status === 'ending' && <span>waiting for the cluster to deny access</span>}
      {status === 'ended' && grant?.endedAt && (
        <span>
          <HeldTime grant={request.grant} duration={request.duration} />
        </span>
      )}
      {status === 'ended' && grant?.activatedAt && outliving.length > 0 && (
        <span className="w-full">Can outlive the access: {outliving.join('; ')}.</span>
      )}
      {(status === 'denied' || status === 'withdrawn' || status === 'lapsed') && request.resolvedAt && (
        <span>
          {status === 'lapsed' && 'before it was decided, '}
          <Time at={request.resolvedAt} />
        </span>
      )}
      {grant?.lastError && (
        <span className="w-full text-ending">
          {status === 'ended' ? 'Last error: ' : 'Retrying: '}
          <UntrustedText>{grant.lastError}</UntrustedText>
        </span>
      )}
    </div>
  )
}
