import type { Metadata } from 'next'
import { AccessReviewTables } from '#components/history/access-review-tables'
import { DownloadLinks } from '#components/history/download-links'
import { SignOffs } from '#components/history/sign-offs'
import { NothingHere, nothingHere } from '#components/layout/not-found-notice'
import { PageHead } from '#components/layout/page-head'
import { Notice } from '#components/ui/notice'
import { QueryForm } from '#components/ui/query-form'
import { Time } from '#components/ui/time'
import { requireActor } from '#lib/adapters/auth/session'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import { instantOf } from '#lib/core/audit/when'
import { accessReview } from '#lib/views/access-review'
import { display } from '../../../display.ts'
import { signOff } from '../actions.ts'

export const metadata: Metadata = { title: 'Access review' }

const thirtyDays = 30 * 86_400_000

/** The typed period; the last 30 days if nothing was typed. Null if a text is not a time. */
function periodOf(typed: { from: string; to: string }, { now, zone }: { now: Date; zone: string }) {
  const to = typed.to === '' ? now : instantOf(typed.to, { now, zone, until: true })
  const from = typed.from === '' ? to && new Date(to.getTime() - thirtyDays) : instantOf(typed.from, { now, zone })
  return from && to ? { from: from.toISOString(), to: to.toISOString() } : null
}

async function reviewOr(actor: PersonActor, period: { from: string; to: string } | null) {
  if (!period)
    return { problem: 'Enter a date or time, such as 2026-11-01, last monday or "2 hours ago".', review: null }
  try {
    return { problem: null, review: await accessReview(actor, period) }
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid') return { problem: error.message, review: null }
    throw error
  }
}

/** For auditors and admins: who held what in a period, patterns worth a look, and the sign-off. */
export default async function AccessReviewPage({ searchParams }: PageProps<'/history/review'>) {
  const actor = await requireActor()
  if (!seesEverything(actor))
    return (
      <>
        <PageHead title={nothingHere} />
        <NothingHere />
      </>
    )
  const query = await searchParams
  const one = (key: string) => (typeof query[key] === 'string' ? query[key].trim() : '')
  const { zone, isUtcFirst } = await display()
  const shownZone = isUtcFirst ? 'UTC' : zone
  const typed = { from: one('from'), to: one('to') }
  const { problem, review } = await reviewOr(actor, periodOf(typed, { now: new Date(), zone: shownZone }))
  return (
    <>
      <PageHead title="Access review">
        Who was granted what in a period, and what an auditor looks into first. A date as the end includes that day.
      </PageHead>
      <QueryForm
        action="/history/review"
        submit="Show review"
        fields={[
          { id: 'from', label: `From (${shownZone})`, value: typed.from, placeholder: '30 days before', problem },
          { id: 'to', label: `Until (${shownZone})`, value: typed.to, placeholder: 'now' },
        ]}
      />
      {review && (
        <div id="access-review" className="mt-6">
          <p className="mb-3 text-dense text-muted">
            <Time at={review.from} as="exact" /> to <Time at={review.to} as="exact" withZone />
          </p>
          <DownloadLinks
            links={[
              { path: '/api/v1/access/review/export', name: 'Download CSV' },
              { path: '/api/v1/evidence', name: 'Download evidence' },
            ].map(({ path, name }) => ({
              name,
              href: `${path}?${new URLSearchParams({ from: review.from, to: review.to })}`,
            }))}
          />
          {review.callsRemovedBefore && review.from < review.callsRemovedBefore && (
            <Notice tone="waiting">
              Calls before <Time at={review.callsRemovedBefore} as="exact" withZone /> were removed by retention, so
              whether access that began before was used is not known, also if it was when this review was signed off.
            </Notice>
          )}
          {!review.isComplete && (
            <Notice tone="waiting">A list is longer than 1,000 entries. Choose a shorter period to see all.</Notice>
          )}
          <AccessReviewTables review={review} />
          <SignOffs review={review} signOff={signOff} />
        </div>
      )}
    </>
  )
}
