import type { Metadata } from 'next'
import { headers } from 'next/headers'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { AccessTabs } from '#components/request/access-tabs'
import { InboxFilter } from '#components/request/inbox-filter'
import { InboxRequest } from '#components/request/inbox-request'
import { InboxRows } from '#components/request/inbox-rows'
import { KeepOpen } from '#components/request/next-request'
import { Empty } from '#components/ui/empty'
import { Icon } from '#components/ui/icon'
import { Link } from '#components/ui/link'
import { requireActor } from '#lib/adapters/auth/session'
import { type InboxItem, inboxFilterIn, inboxHref } from '#lib/core/approvals/inbox-filter'
import { inbox } from '#lib/views/inbox'
import { revoke } from '../grants/actions.ts'
import { requestOrNothing } from '../request-or-nothing.ts'
import { comment, decide } from '../requests/actions.ts'

export const metadata: Metadata = { title: 'Inbox' }

const pageSize = 50

/**
 * Requests waiting for my decision: the list, and beside it the open request. On a wide screen both scroll on their own;
 * a phone shows one at a time, and receives no more if its browser says that it is one (User-Agent Client Hints).
 */
export default async function InboxPage({ searchParams }: PageProps<'/inbox'>) {
  const actor = await requireActor()
  const params = await searchParams
  const filter = inboxFilterIn(params)
  const show = Math.max(pageSize, Number.parseInt(String(params.show), 10) || 0)
  const requested = typeof params.request === 'string' ? await requestOrNothing(actor, params.request) : null
  const { items, ...list } = await inbox(actor, filter, show, requested)
  const first = items[0]
  const isOpened = requested !== null
  const isPhone = (await headers()).get('sec-ch-ua-mobile') === '?1'
  const chosen = requested ?? (first && !isPhone ? await requestOrNothing(actor, first.id) : null)
  const more = items.length > pageSize ? { show: String(items.length) } : {}
  const address = inboxHref(filter, more)
  const left = list.matching - items.filter(({ isWaiting }) => isWaiting).length
  return (
    <>
      <LiveRefresh renderedAt={Date.now()} />
      <div className={isOpened ? 'max-rail:sr-only' : undefined}>
        <PageHead title="Inbox" aside={<AccessTabs current="waiting" waiting={list.waiting} />} />
      </div>
      {list.read === 0 && !chosen ? (
        <Empty title="No requests are waiting for your decision.">
          Requests that one of your groups approves appear here. Your own requests don’t, because you can’t decide them.
        </Empty>
      ) : (
        <div
          data-panes=""
          className="grid min-h-0 flex-1 grid-cols-[minmax(0,1fr)] gap-x-8 rail:grid-cols-[19rem_minmax(0,1fr)] rail:grid-rows-[minmax(0,1fr)] xl:grid-cols-[24rem_minmax(0,1fr)] print:block"
        >
          <div className={`rail:flex rail:min-h-0 rail:flex-col print:hidden ${isOpened ? 'max-rail:hidden' : ''}`}>
            <InboxFilter filter={filter} {...list} />
            {items.length === 0 ? (
              <Empty title="No requests match this filter." />
            ) : (
              <InboxRows
                items={items}
                open={chosen}
                isGrouped={filter.isGrouped}
                inbox={address}
                more={
                  left > 0
                    ? { left, href: inboxHref(filter, { show: String(items.length + pageSize), request: chosen?.id }) }
                    : null
                }
              />
            )}
          </div>
          {isPhone && first && !chosen && (
            <p className="hidden p-4 text-muted rail:block">Choose a request from the list.</p>
          )}
          {chosen && (
            <div className={`rail:min-h-0 ${isOpened ? '' : 'max-rail:hidden'}`}>
              <Link href={address} className="mb-3 inline-flex min-h-8 items-center gap-1 text-muted rail:hidden">
                <Icon name="back" /> Inbox
              </Link>
              {!isOpened && <KeepOpen href={inboxHref(filter, { ...more, request: chosen.id })} />}
              <InboxRequest
                key={chosen.id}
                request={chosen}
                decide={decide}
                comment={comment}
                isMine={chosen.requester.id === actor.person.id}
                revoke={revoke}
                following={following(items, chosen.id)}
                inbox={address}
              />
            </div>
          )}
        </div>
      )}
    </>
  )
}

/** The waiting requests to go on with: those after the open one, and then those before it. */
function following(items: InboxItem[], openId: string): string[] {
  const at = items.findIndex(({ id }) => id === openId)
  const others = [...items.slice(at + 1), ...items.slice(0, Math.max(0, at))]
  return others.filter(({ isWaiting }) => isWaiting).map(({ id }) => id)
}
