import { clsx } from 'clsx'
import { Link } from '#components/ui/link'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { outcomeLabels } from '#lib/core/access/break-glass'
import type { BreakGlassUseResource } from '#lib/core/access/review'
import { namespacesInWords } from './words.ts'

/** One use of break-glass access: who did it, when and why, and its review or when that is due. */
export function ReviewRow({ use }: { use: BreakGlassUseResource }) {
  const { requestId, title, holder, cluster, namespaces, reason, at } = use
  return (
    <li className="grid gap-x-4 gap-y-1 border-b border-line py-2 rail:grid-cols-[minmax(0,1.2fr)_minmax(0,1.4fr)_minmax(0,1.4fr)]">
      <span className="min-w-0">
        <Link href={`/requests/${requestId}`} data-row="" className="block font-strong hover:underline">
          <UntrustedText>{`${title} by ${holder.name}`}</UntrustedText>
        </Link>
        <code className="block truncate text-muted">
          <UntrustedText>{`${cluster} · ${namespacesInWords(namespaces)}`}</UntrustedText>
        </code>
      </span>
      <span className="min-w-0 text-dense">
        <UntrustedText lines>{reason}</UntrustedText>
        <span className="block text-muted">
          <Time at={at} />
        </span>
      </span>
      <span className="min-w-0 text-dense">
        <ReviewOrDue use={use} />
      </span>
    </li>
  )
}

function ReviewOrDue({ use: { review, reviewDueAt, isOverdue, mayReview } }: { use: BreakGlassUseResource }) {
  if (!review)
    return (
      <>
        <span className={clsx(isOverdue && 'font-strong text-bad')}>
          {isOverdue ? 'Review overdue: it was due ' : 'Review due '}
          <Time at={reviewDueAt} as="exact" />
        </span>
        {!mayReview.may && <span className="block text-muted">{mayReview.why}</span>}
      </>
    )
  return (
    <>
      <span className={clsx('font-strong', review.outcome === 'not-justified' && 'text-bad')}>
        {outcomeLabels[review.outcome]}
      </span>
      , by <UntrustedText>{review.person.name}</UntrustedText> <Time at={review.at} />
      <span className="block text-muted">
        <UntrustedText lines>{review.note}</UntrustedText>
      </span>
    </>
  )
}
