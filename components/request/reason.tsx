import { Copyable } from '#components/ui/copyable'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { durationInWords, secondsOf } from '#lib/core/access/duration'
import type { RequestSummary } from '#lib/core/access/request-resource'

/** The reason for the request, as written, and what it extends. */
export function Reason({ request }: { request: Pick<RequestSummary, 'reason' | 'ticket' | 'extends'> }) {
  return (
    <figure className="max-w-[72ch]">
      <blockquote className="border-l-2 border-edge pl-3">
        {request.reason ? (
          <UntrustedText lines>{request.reason}</UntrustedText>
        ) : (
          <span className="text-muted">No reason was given.</span>
        )}
      </blockquote>
      {request.ticket && (
        <figcaption className="mt-1 pl-3.5 text-dense text-muted">
          Ticket <Copyable text={request.ticket} label="ticket" />
        </figcaption>
      )}
      {request.extends && (
        <figcaption className="mt-1 pl-3.5 text-dense">
          Extends access that began <Time at={request.extends.heldSince} />: with it,{' '}
          {durationInWords(secondsOf(request.extends.total))} in total.
        </figcaption>
      )}
    </figure>
  )
}
