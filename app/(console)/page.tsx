import type { Metadata } from 'next'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { AccessList } from '#components/request/access-list'
import { PasteBox } from '#components/request/paste-box'
import { Empty } from '#components/ui/empty'
import { Link } from '#components/ui/link'
import { LinkButton } from '#components/ui/link-button'
import { requireActor } from '#lib/adapters/auth/session'
import { home } from '#lib/views/home'
import { listEntitlements } from '#lib/views/list-entitlements'
import { choicesOf } from './choices.ts'
import { requestActions } from './request-actions.ts'

export const metadata: Metadata = { title: 'Access' }

/** The engineer's home: the paste box, current access and pending requests, and recent ones. */
export default async function AccessPage() {
  const actor = await requireActor()
  const [{ now, before }, entitlements] = await Promise.all([home(actor), listEntitlements(actor)])
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
      <section aria-labelledby="now" className="mt-8">
        <h2 id="now" className="border-b border-edge pb-1.5">
          Now
        </h2>
        {now.length > 0 ? (
          <AccessList requests={now} actions={requestActions} />
        ) : (
          <Empty title="You have no active access and no pending requests.">
            {entitlements.length > 0
              ? 'Search your entitlements above, or paste the Forbidden error you got.'
              : 'You have no entitlements. They are assigned to groups, and your groups come from your identity provider. Contact your Postern administrator.'}
          </Empty>
        )}
      </section>
      {before.length > 0 && (
        <section aria-labelledby="recent" className="mt-8">
          <h2 id="recent" className="border-b border-edge pb-1.5">
            Recent
          </h2>
          <AccessList requests={before} actions={requestActions} past />
        </section>
      )}
    </>
  )
}
