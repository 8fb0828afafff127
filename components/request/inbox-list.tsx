import { Link } from '#components/ui/link'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { secondsOf, shortDuration } from '#lib/core/access/duration'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { SeverityMark } from './severity-mark.tsx'
import { StatusMark, shownStatus } from './status-mark.tsx'
import { namespacesInWords, whatInWords } from './words.ts'

type Props = { requests: RequestSummary[]; chosen: string | null }

/** Requests waiting for my decision, oldest first. The open one stays in the list after it is decided. */
export function InboxList({ requests, chosen }: Props) {
  return (
    <ul className="border-t border-line">
      {requests.map((request) => (
        <li key={request.id} className="border-b border-line">
          <Link
            href={`/inbox?request=${request.id}`}
            scroll={false}
            data-row="opens"
            aria-current={request.id === chosen ? 'true' : undefined}
            className="block border-l-2 border-transparent py-2.5 pr-3 pl-3 hover:bg-hover aria-[current]:border-accent aria-[current]:bg-hover"
          >
            <span className="flex items-baseline justify-between gap-3">
              <span className="truncate font-strong">
                <UntrustedText>{request.requester.name}</UntrustedText>
              </span>
              <span className="shrink-0 text-dense text-muted">
                <Time at={request.createdAt} />
              </span>
            </span>
            <code className="block truncate">
              <UntrustedText>{whatInWords(request)}</UntrustedText>
            </code>
            <span className="flex items-baseline justify-between gap-3 text-dense text-muted">
              <code className="truncate">
                <UntrustedText>{`${request.cluster} · ${namespacesInWords(request.namespaces)}`}</UntrustedText>
              </code>
              <span className="shrink-0">
                {request.status === 'pending' ? (
                  <span className="inline-flex items-center gap-3">
                    {request.risk.severity !== 'low' && <SeverityMark severity={request.risk.severity} />}
                    {shortDuration(secondsOf(request.duration))}
                  </span>
                ) : (
                  <StatusMark status={shownStatus(request)} />
                )}
              </span>
            </span>
          </Link>
        </li>
      ))}
    </ul>
  )
}
