import type { Metadata } from 'next'
import Link from 'next/link'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { AccessList } from '#components/request/access-list'
import { PasteBox } from '#components/request/paste-box'
import { Empty } from '#components/ui/empty'
import { requireActor } from '#lib/adapters/auth/session'
import { home } from '#lib/views/home'
import { listEntitlements } from '#lib/views/list-entitlements'
import { choicesOf } from './choices.ts'
import { requestActions } from './request-actions.ts'

export const metadata: Metadata = { title: 'Access' }

/** The engineer's home: the box to ask with, what I hold or wait for now, what was before. */
export default async function AccessPage() {
  const actor = await requireActor()
  const [{ now, before }, entitlements] = await Promise.all([home(actor), listEntitlements(actor)])
  return (
    <>
      <LiveRefresh />
      <PageHead title="Access" />
      <PasteBox choices={choicesOf(entitlements)} />
      <p className="mt-2 text-dense text-muted">
        <Link className="link" href="/check-access">
          Why can’t I?
        </Link>{' '}
        What a cluster allows you already, and by which role.
      </p>
      <section aria-labelledby="now" className="mt-8">
        <h2 id="now" className="border-b border-edge pb-1.5">
          Now
        </h2>
        {now.length > 0 ? (
          <AccessList requests={now} actions={requestActions} />
        ) : (
          <Empty title="You hold no access and wait for none.">
            {entitlements.length > 0
              ? 'Search above for what you need, or paste the error that stopped you.'
              : 'There is nothing you may ask for. Whoever runs Postern decides that with the groups of each entitlement; yours are listed in your account at the identity provider.'}
          </Empty>
        )}
      </section>
      {before.length > 0 && (
        <section aria-labelledby="before" className="mt-8">
          <h2 id="before" className="border-b border-edge pb-1.5">
            Before
          </h2>
          <AccessList requests={before} actions={requestActions} past />
        </section>
      )}
    </>
  )
}
