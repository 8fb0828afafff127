import { Section } from '#components/ui/section'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FormAction } from '#lib/core/access/action-result'
import { outcomeLabels } from '#lib/core/access/break-glass'
import type { RequestResource } from '#lib/core/access/request-resource'
import { ReviewPanel } from './review-panel.tsx'

type Props = { request: RequestResource; review: FormAction<{ note: string; outcome: string }> }

/** Says that access is break-glass access, and its review or the form for it. */
export function BreakGlassReview({ request, review: record }: Props) {
  const { review, mayReview, reviewDueAt } = request
  return (
    <div className="mb-8">
      <Section id="review" title="Break-glass access">
        <p className="text-bad">It began without an approval.</p>
        {review ? (
          <p className="max-w-[72ch]">
            <UntrustedText>{review.person.name}</UntrustedText> reviewed it as {outcomeLabels[review.outcome]},{' '}
            <Time at={review.at} />: <UntrustedText lines>{review.note}</UntrustedText>
          </p>
        ) : (
          <>
            <p>
              Its review is due <Time at={reviewDueAt ?? ''} as="exact" />
              {!mayReview.may && `. ${mayReview.why}`}
            </p>
            {mayReview.may && <ReviewPanel requestId={request.id} review={record} />}
          </>
        )}
      </Section>
    </div>
  )
}
