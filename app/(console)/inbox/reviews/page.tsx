import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { AccessTabs } from '#components/request/access-tabs'
import { ReviewRow } from '#components/request/review-row'
import { Empty } from '#components/ui/empty'
import { Link } from '#components/ui/link'
import { Section } from '#components/ui/section'
import { requireActor } from '#lib/adapters/auth/session'
import { AppError } from '#lib/core/access/errors'
import type { Page } from '#lib/core/access/page'
import type { BreakGlassUseResource } from '#lib/core/access/review'
import { inboxCount } from '#lib/views/inbox-count'
import { listReviews } from '#lib/views/list-reviews'

export const metadata: Metadata = { title: 'Break-glass reviews' }

/** The reader's places in both lists. The address keeps one while the reader goes on in the other. */
type Places = { open?: string; reviewed?: string }

/** Break-glass access: what waits for a review, and below it what was reviewed. */
export default async function ReviewsPage({ searchParams }: PageProps<'/inbox/reviews'>) {
  const actor = await requireActor()
  const query = await searchParams
  const places: Places = {
    ...(typeof query.open === 'string' ? { open: query.open } : {}),
    ...(typeof query.reviewed === 'string' ? { reviewed: query.reviewed } : {}),
  }
  const [open, reviewed, waiting] = await Promise.all([
    listReviews(actor, { state: 'open', cursor: places.open }),
    listReviews(actor, { state: 'reviewed', cursor: places.reviewed }),
    inboxCount(actor),
  ]).catch((error) => {
    // An invalid cursor, cut off or made up, leads to the first page.
    if (error instanceof AppError && error.code === 'malformed' && Object.keys(places).length > 0)
      redirect('/inbox/reviews')
    throw error
  })
  const isEmpty = open.items.length + reviewed.items.length === 0 && Object.keys(places).length === 0
  return (
    <>
      <LiveRefresh renderedAt={Date.now()} />
      <PageHead title="Break-glass reviews" aside={<AccessTabs current="reviews" waiting={waiting} />} />
      {isEmpty ? (
        <Empty title="No break-glass access to review.">
          Break-glass access that you may review appears here, with its reviews.
        </Empty>
      ) : (
        <>
          <Section id="open" title="Open">
            <Uses page={open} name="open" places={places} empty="No break-glass access waits for a review." />
          </Section>
          <Section id="reviewed" title="Reviewed">
            <Uses page={reviewed} name="reviewed" places={places} empty="No break-glass access was reviewed." />
          </Section>
        </>
      )}
    </>
  )
}

type Props = { page: Page<BreakGlassUseResource>; name: keyof Places; places: Places; empty: string }

function Uses({ page: { items, nextCursor }, name, places, empty }: Props) {
  return (
    <>
      {items.length === 0 ? (
        <p className="text-dense text-muted">{places[name] ? 'No more.' : empty}</p>
      ) : (
        <ul aria-label={name === 'open' ? 'Waiting for a review' : 'Reviewed'}>
          {items.map((use) => (
            <ReviewRow key={use.requestId} use={use} />
          ))}
        </ul>
      )}
      {nextCursor && (
        <Link
          href={`/inbox/reviews?${new URLSearchParams({ ...places, [name]: nextCursor })}#${name}`}
          className="link mt-3 inline-block text-dense"
        >
          Next page{name === 'open' ? ' of open ones' : ' of reviewed ones'}
        </Link>
      )}
    </>
  )
}
