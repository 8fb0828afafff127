import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { InboxList } from '#components/request/inbox-list'
import { InboxRequest } from '#components/request/inbox-request'
import { Empty } from '#components/ui/empty'
import { Icon } from '#components/ui/icon'
import { Link } from '#components/ui/link'
import { requireActor } from '#lib/adapters/auth/session'
import { AppError } from '#lib/core/access/errors'
import { listRequests } from '#lib/views/list-requests'
import { requestOrNothing } from '../request-or-nothing.ts'
import { decide } from '../requests/actions.ts'

export const metadata: Metadata = { title: 'Inbox' }

/** Requests waiting for my decision: the list, and beside it the open request. A phone shows one at a time. */
export default async function InboxPage({ searchParams }: PageProps<'/inbox'>) {
  const actor = await requireActor()
  const { request: requested, after } = await searchParams
  const { items, nextCursor } = await listRequests(actor, {
    role: 'inbox',
    ...(typeof after === 'string' ? { cursor: after } : {}),
  }).catch((error) => {
    // An invalid cursor, cut off or made up, leads to the first page.
    if (error instanceof AppError && error.code === 'malformed' && after) redirect('/inbox')
    throw error
  })
  const chosenId = typeof requested === 'string' ? requested : items[0]?.id
  const chosen = chosenId ? await requestOrNothing(actor, chosenId) : null
  // A request that another approver has decided meanwhile stays in the list while it is open, with its outcome.
  const shown = chosen && !items.some((one) => one.id === chosen.id) ? [chosen, ...items] : items
  const isOpened = typeof requested === 'string' && chosen !== null
  return (
    <>
      <LiveRefresh renderedAt={Date.now()} />
      <div className={isOpened ? 'max-rail:sr-only' : undefined}>
        <PageHead title="Inbox" />
      </div>
      {shown.length === 0 ? (
        <Empty title="No requests are waiting for your decision.">
          Requests that one of your groups approves appear here, oldest first. Your own requests don’t, because you
          can’t decide them.
        </Empty>
      ) : (
        <div className="grid grid-cols-[minmax(0,1fr)] gap-x-8 rail:grid-cols-[15rem_minmax(0,1fr)] xl:grid-cols-[20rem_minmax(0,1fr)]">
          <div className={isOpened ? 'max-rail:hidden' : undefined}>
            <InboxList requests={shown} chosen={chosen?.id ?? null} />
            {nextCursor && (
              <Link
                href={`/inbox?after=${encodeURIComponent(nextCursor)}`}
                className="link mt-3 inline-block text-dense"
              >
                Next page
              </Link>
            )}
          </div>
          {chosen && (
            <div className={isOpened ? undefined : 'max-rail:hidden'}>
              <Link href="/inbox" className="mb-3 inline-flex min-h-8 items-center gap-1 text-muted rail:hidden">
                <Icon name="back" /> Inbox
              </Link>
              <InboxRequest key={chosen.id} request={chosen} decide={decide} />
            </div>
          )}
        </div>
      )}
    </>
  )
}
