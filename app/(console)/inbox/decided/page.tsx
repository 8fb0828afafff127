import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { AccessTabs } from '#components/request/access-tabs'
import { DecisionRow } from '#components/request/decision-row'
import { Empty } from '#components/ui/empty'
import { Link } from '#components/ui/link'
import { requireActor } from '#lib/adapters/auth/session'
import { AppError } from '#lib/core/access/errors'
import { inboxCount } from '#lib/views/inbox-count'
import { ownDecisions } from '#lib/views/own-decisions'
import { revoke } from '../../grants/actions.ts'

export const metadata: Metadata = { title: 'Decided by me' }

/** My decisions, newest first, with what came of each. */
export default async function DecidedPage({ searchParams }: PageProps<'/inbox/decided'>) {
  const actor = await requireActor()
  const { after } = await searchParams
  const [{ items, nextCursor }, waiting] = await Promise.all([
    ownDecisions(actor, typeof after === 'string' ? { cursor: after } : {}),
    inboxCount(actor),
  ]).catch((error) => {
    // An invalid cursor, cut off or made up, leads to the first page.
    if (error instanceof AppError && error.code === 'malformed' && after) redirect('/inbox/decided')
    throw error
  })
  return (
    <>
      <LiveRefresh renderedAt={Date.now()} />
      <PageHead title="Decided by me" aside={<AccessTabs current="decided" waiting={waiting} />} />
      {items.length === 0 ? (
        <Empty title="You haven’t decided any requests.">Your approvals and denials appear here.</Empty>
      ) : (
        <ul className="border-t border-edge" aria-label="Your decisions">
          {items.map(({ id, ...one }) => (
            <DecisionRow key={id} {...one} revoke={revoke} />
          ))}
        </ul>
      )}
      {nextCursor && (
        <Link
          href={`/inbox/decided?after=${encodeURIComponent(nextCursor)}`}
          className="link mt-3 inline-block text-dense"
        >
          Next page
        </Link>
      )}
    </>
  )
}
