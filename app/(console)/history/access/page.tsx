import type { Metadata } from 'next'
import { AccessAtTable } from '#components/history/access-at-table'
import { NothingHere, nothingHere } from '#components/layout/not-found-notice'
import { PageHead } from '#components/layout/page-head'
import { Empty } from '#components/ui/empty'
import { Notice } from '#components/ui/notice'
import { QueryForm } from '#components/ui/query-form'
import { Time } from '#components/ui/time'
import { requireActor } from '#lib/adapters/auth/session'
import { seesEverything } from '#lib/core/access/may-see'
import { instantOf } from '#lib/core/audit/when'
import { accessAt } from '#lib/views/access-at'
import { display } from '../../../display.ts'

export const metadata: Metadata = { title: 'Access at a moment' }

/** A pack of this moment: every request whose access was live has all of its events in it. */
const evidenceAt = (time: string) =>
  `/api/v1/evidence?${new URLSearchParams({ from: time, to: new Date(Date.parse(time) + 1).toISOString() })}`

/** For auditors: who had access at a moment, from the events alone. */
export default async function AccessAtPage({ searchParams }: PageProps<'/history/access'>) {
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
  const now = new Date()
  const typed = one('at')
  const at = typed === '' ? now : instantOf(typed, { now, zone: shownZone })
  const filter = { cluster: one('cluster') || undefined, namespace: one('namespace') || undefined }
  const found = at ? await accessAt(actor, { time: at.toISOString(), ...filter }) : null
  return (
    <>
      <PageHead title="Access at a moment">
        Every grant that was live at one moment, from when the cluster allowed it until the cluster denied it. It is
        computed from the events.
      </PageHead>
      <QueryForm
        action="/history/access"
        submit="Show access"
        fields={[
          {
            ...{ id: 'at', label: `Time (${shownZone})`, value: typed, placeholder: 'now, or yesterday 14:00' },
            problem: found ? null : 'Enter a date or time, such as 2026-11-23 14:00, yesterday 14:00 or "2 hours ago".',
          },
          { id: 'cluster', label: 'Cluster', value: one('cluster'), optional: true },
          { id: 'namespace', label: 'Namespace', value: one('namespace'), optional: true },
        ]}
      />
      {found && (
        <div id="access-at" className="mt-6">
          <p className="mb-3 text-dense text-muted">
            {found.items.length === 1 ? '1 grant' : `${found.items.length} grants`} at{' '}
            <Time at={found.time} as="exact" withZone />
            {' · '}
            <a className="link" download href={evidenceAt(found.time)}>
              Download evidence
            </a>
          </p>
          {!found.isComplete && (
            <div className="mb-3">
              <Notice tone="waiting">There were more grants. Narrow the search to a cluster or a namespace.</Notice>
            </div>
          )}
          {found.items.length > 0 ? (
            <AccessAtTable items={found.items} />
          ) : (
            <Empty title="No access was live at this moment.">
              Access that people have without Postern is not here.
            </Empty>
          )}
        </div>
      )}
    </>
  )
}
