import type { Metadata } from 'next'
import Link from 'next/link'
import { redirect } from 'next/navigation'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { InboxList } from '#components/request/inbox-list'
import { InboxRequest } from '#components/request/inbox-request'
import { Empty } from '#components/ui/empty'
import { Icon } from '#components/ui/icon'
import { requireActor } from '#lib/adapters/auth/session'
import { AppError } from '#lib/core/access/errors'
import { listRequests } from '#lib/views/list-requests'
import { requestOrNothing } from '../request-or-nothing.ts'
import { decide } from '../requests/actions.ts'

export const metadata: Metadata = { title: 'Inbox' }

/** What waits for my decision: the list, and beside it the chosen one. On a phone one after the other. */
export default async function InboxPage({ searchParams }: PageProps<'/inbox'>) {
  const actor = await requireActor()
  const { request: wanted, after } = await searchParams
  const { items, nextCursor } = await listRequests(actor, {
    role: 'inbox',
    ...(typeof after === 'string' ? { cursor: after } : {}),
  }).catch((error) => {
    // A cursor that no list gave, cut off or made up: the first page is always there.
    if (error instanceof AppError && error.code === 'malformed' && after) redirect('/inbox')
    throw error
  })
  const chosenId = typeof wanted === 'string' ? wanted : items[0]?.id
  const chosen = chosenId ? await requestOrNothing(actor, chosenId) : null
  // Somebody else was faster: the row stays where it was opened, and says who and when.
  const shown = chosen && !items.some((one) => one.id === chosen.id) ? [chosen, ...items] : items
  const isOpened = typeof wanted === 'string' && chosen !== null
  return (
    <>
      <LiveRefresh />
      <div className={isOpened ? 'max-rail:sr-only' : undefined}>
        <PageHead title="Inbox" />
      </div>
      {shown.length === 0 ? (
        <Empty title="Nothing waits for your decision.">
          Requests appear here when you are in a group that approves them, oldest first. You never see your own: nobody
          decides for themselves.
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
                Later ones
              </Link>
            )}
          </div>
          {chosen && (
            <div className={isOpened ? undefined : 'max-rail:hidden'}>
              <Link href="/inbox" className="mb-3 inline-flex min-h-8 items-center gap-1 text-muted rail:hidden">
                <Icon name="back" /> Inbox
              </Link>
              <InboxRequest key={`${chosen.id} ${chosen.digest}`} request={chosen} decide={decide} />
            </div>
          )}
        </div>
      )}
    </>
  )
}
