import type { Metadata } from 'next'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { AccessList } from '#components/request/access-list'
import { Favourites } from '#components/request/favourites'
import { PasteBox } from '#components/request/paste-box'
import { shownStatus } from '#components/request/status-mark'
import { Empty } from '#components/ui/empty'
import { Link } from '#components/ui/link'
import { LinkButton } from '#components/ui/link-button'
import { MoreLink } from '#components/ui/more-link'
import { requireActor } from '#lib/adapters/auth/session'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { favourites } from '#lib/views/favourites'
import { home } from '#lib/views/home'
import { listEntitlements } from '#lib/views/list-entitlements'
import { choicesOf } from '../choices.ts'
import { requestActions } from '../request-actions.ts'
import { star } from './actions.ts'

export const metadata: Metadata = { title: 'Access' }

/** How many rows each list begins with, and how many more each link adds. */
const steps = { now: 50, before: 20 }
/** A longer list is for the history. */
const mostRows = 500

/** The engineer's page: the paste box, favourites, current access and pending requests, and recent ones. */
export default async function AccessPage({ searchParams }: PageProps<'/access'>) {
  const [actor, params] = await Promise.all([requireActor(), searchParams])
  const wanted = (list: keyof typeof steps) =>
    Math.min(mostRows, Math.max(steps[list], Number.parseInt(String(params[list]), 10) || 0))
  const most = { now: wanted('now'), before: wanted('before') }
  const [{ now, before }, entitlements, starred] = await Promise.all([
    home(actor, most),
    listEntitlements(actor),
    favourites(actor),
  ])
  const more = (list: keyof typeof steps) =>
    `/access?${new URLSearchParams({ ...(most.now > steps.now ? { now: `${most.now}` } : {}), ...(most.before > steps.before ? { before: `${most.before}` } : {}), [list]: `${most[list] + steps[list]}` })}` as const
  return (
    <>
      <LiveRefresh renderedAt={Date.now()} />
      <PageHead
        title="Access"
        aside={
          <LinkButton kind="primary" href="/requests/new">
            Request access
          </LinkButton>
        }
      />
      <PasteBox choices={choicesOf(entitlements)} />
      <p className="mt-2 text-dense text-muted">
        <Link className="link" href="/check-access">
          Why can’t I?
        </Link>{' '}
        See what a cluster already lets you do, and through which role.
      </p>
      {entitlements.length > 0 && (
        <Favourites
          star={star}
          entitlements={choicesOf(entitlements).map((one) => ({ ...one, isFavourite: starred.includes(one.name) }))}
        />
      )}
      <section aria-labelledby="now" className="mt-8">
        <h2 id="now" className="border-b border-edge pb-1.5">
          Now {now.total > 0 && <span className="text-muted">{now.total}</span>}
        </h2>
        {now.items.length > 0 ? (
          <AccessList requests={now.items} actions={requestActions} />
        ) : (
          <Empty title="You have no active access and no pending requests.">
            {entitlements.length > 0
              ? 'Search your entitlements above, or paste the Forbidden error you got.'
              : 'You have no entitlements. They are assigned to groups, and your groups come from your identity provider. Contact your Postern administrator.'}
          </Empty>
        )}
        <p role="status" className="sr-only">
          {statusesInWords(now.items)}
        </p>
        <MoreLink shown={now.items.length} total={now.total} step={steps.now} href={more('now')} />
      </section>
      {before.items.length > 0 && (
        <section aria-labelledby="recent" className="mt-8">
          <h2 id="recent" className="border-b border-edge pb-1.5">
            Recent <span className="text-muted">{before.total}</span>
          </h2>
          <AccessList requests={before.items} actions={requestActions} past />
          <MoreLink shown={before.items.length} total={before.total} step={steps.before} href={more('before')} />
        </section>
      )}
    </>
  )
}

/** What a screen reader announces when a request or its access has changed: `1 active, 2 pending`. */
function statusesInWords(requests: RequestSummary[]): string {
  const counts = new Map<string, number>()
  for (const request of requests) counts.set(shownStatus(request), (counts.get(shownStatus(request)) ?? 0) + 1)
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ')
}
