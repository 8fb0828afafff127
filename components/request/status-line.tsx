import { Remaining, Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { RequestSummary } from '#lib/core/access/resources'
import { StatusMark, shownStatus } from './status-mark.tsx'
import { endedBy, stepInWords } from './words.ts'

/** Where one request stands, in a line: its state, its countdown, and what it waits for. */
export function StatusLine({ request }: { request: RequestSummary }) {
  const { grant } = request
  const status = shownStatus(request)
  return (
    <div id="decided" tabIndex={-1} className="flex flex-wrap items-center gap-x-4 gap-y-1 outline-none">
      <span role="status">
        <StatusMark status={status} />
      </span>
      {status === 'pending' && (
        <span>
          asked <Time at={request.createdAt} />, waits for{' '}
          <UntrustedText>
            {request.steps.flatMap((step) => stepInWords(step) ?? []).join(' and ') || 'the next check'}
          </UntrustedText>
          , and lapses <Time at={request.lapsesAt} />
        </span>
      )}
      {status === 'approved' && (
        <span>
          {request.startsAt ? (
            <>
              begins <Time at={request.startsAt} />
            </>
          ) : (
            'the access is being made in the cluster'
          )}
        </span>
      )}
      {status === 'active' && grant?.activatedAt && grant.expiresAt && (
        <span className="flex w-72 max-w-full items-center gap-3 text-ink">
          <Remaining since={grant.activatedAt} until={grant.expiresAt} />
        </span>
      )}
      {status === 'ending' && <span>the cluster is asked until it says denied</span>}
      {status === 'ended' && grant?.endedAt && (
        <span>
          <Time at={grant.endedAt} />
          {grant.endedBy && `, ${endedBy[grant.endedBy]}`}
        </span>
      )}
      {(status === 'denied' || status === 'withdrawn' || status === 'lapsed') && request.resolvedAt && (
        <Time at={request.resolvedAt} />
      )}
      {grant?.lastError && (
        <span className="w-full text-ending">
          {status === 'ended' ? 'The cluster said: ' : 'Still trying: '}
          <UntrustedText>{grant.lastError}</UntrustedText>
        </span>
      )}
    </div>
  )
}
