import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { Suspense } from 'react'
import { EventTable } from '#components/history/event-table'
import { ExportLinks } from '#components/history/export-links'
import { FilterBar } from '#components/history/filter-bar'
import { Histogram } from '#components/history/histogram'
import { SavedFilters } from '#components/history/saved-filters'
import { PageHead } from '#components/layout/page-head'
import { Empty } from '#components/ui/empty'
import { LinkButton } from '#components/ui/link-button'
import { requireActor } from '#lib/adapters/auth/session'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import type { Severity } from '#lib/core/access/severity'
import { checkFilter, parseFilter } from '#lib/core/audit/filter'
import { filterInQuery, type HistoryFilter, queryOf } from '#lib/core/audit/filter-terms'
import { filterValues } from '#lib/core/audit/filter-values'
import { auditHistogram } from '#lib/views/audit-histogram'
import { listAuditEvents } from '#lib/views/list-audit-events'
import { reportScope } from '#lib/views/report-scope'
import { savedFilters } from '#lib/views/saved-filters'
import { verifyEvent } from '#lib/views/verify-event'
import { display } from '../../display.ts'
import { partOrNothing } from '../part-or-nothing.ts'
import { deleteFilter, saveFilter } from './actions.ts'

export const metadata: Metadata = { title: 'History' }

/** The audit events: a filter that is also the URL, a histogram, and the events themselves. */
export default async function HistoryPage({ searchParams }: PageProps<'/history'>) {
  const actor = await requireActor()
  const query = await searchParams
  const one = (key: string) => (typeof query[key] === 'string' ? query[key] : '')
  const typed = query.q === undefined ? null : parseFilter(one('q'))
  const { zone, isUtcFirst } = await display()
  const shownZone = isUtcFirst ? 'UTC' : zone
  if (typed && typed.problems.length === 0) redirect(`/history?${queryOf(inZone(typed.filter, shownZone))}`)
  const filter = typed?.filter ?? filterInQuery({ get: one })
  const { from, to, problems } = checkFilter(filter, new Date())
  const allProblems = [...(typed?.problems ?? []), ...problems]
  if (allProblems.length > 0)
    return (
      <>
        <Head actor={actor} />
        <FilterBar
          filter={filter}
          typed={typed ? one('q') : undefined}
          problems={allProblems}
          values={filterValues([])}
        />
      </>
    )
  const { zone: _zone, severity, ...rest } = filter
  const search = { ...rest, severity: severity as Severity | undefined, from, to }
  // A slow histogram never takes the page with it.
  const buckets = partOrNothing(auditHistogram(actor, search), 'events could not be counted over time')
  const cursor = one('cursor') ? { cursor: one('cursor') } : {}
  const events = await listAuditEvents(actor, { ...search, ...cursor }).catch((error) => {
    // An invalid cursor, cut off or made up, leads to the first page.
    if (error instanceof AppError && error.code === 'malformed' && one('cursor'))
      redirect(`/history?${queryOf(filter)}`)
    throw error
  })
  const isOpen = events.items.some(({ id }) => id === one('open'))
  const verification = isOpen ? await verifyEvent(one('open')) : null
  return (
    <>
      <Head actor={actor} />
      <FilterBar filter={filter} values={filterValues(events.items)} />
      <SavedFilters saved={await savedFilters(actor)} query={queryOf(filter)} save={saveFilter} remove={deleteFilter} />
      {/* NB: a page about one request is never streamed, so that its timing cannot reveal a hidden request. */}
      {filter.request || filter.grant ? (
        <Histogram buckets={buckets} filter={filter} zone={shownZone} />
      ) : (
        <Suspense
          key={queryOf(filter)}
          fallback={events.items.length > 0 && <div aria-hidden className="mt-4 h-[4.875rem]" />}
        >
          <Histogram buckets={buckets} filter={filter} zone={shownZone} />
        </Suspense>
      )}
      <div className="mt-4">
        {events.items.length > 0 ? (
          <EventTable
            events={events.items}
            filter={filter}
            cursor={one('cursor')}
            open={one('open')}
            verification={verification}
          />
        ) : (
          <Empty title={Object.keys(filter).length > 0 ? 'No events match this filter.' : 'No events yet.'}>
            {Object.keys(filter).length > 0
              ? 'Remove a term to find more.'
              : 'Events appear here as soon as someone requests access, and are never deleted.'}
          </Empty>
        )}
      </div>
      {events.items.length > 0 && (
        <ExportLinks filter={{ ...rest, severity, from, to }} seesLog={seesEverything(actor)} />
      )}
      <nav aria-label="Pages" className="mt-4 flex gap-2">
        {one('cursor') && <LinkButton href={`/history?${queryOf(filter)}`}>Newest</LinkButton>}
        {events.nextCursor && (
          <LinkButton href={`/history?${queryOf(filter, { cursor: events.nextCursor })}`}>Older</LinkButton>
        )}
      </nav>
    </>
  )
}

/** Typed times are those of the reader's zone. The address says so, because its next reader may have another one. */
const inZone = (filter: HistoryFilter, zone: string): HistoryFilter =>
  (filter.from || filter.to) && !filter.zone && zone !== 'UTC' ? { ...filter, zone } : filter

function Head({ actor }: { actor: PersonActor }) {
  const seesAll = seesEverything(actor)
  return (
    <PageHead title="History" aside={<Links actor={actor} />}>
      {seesAll ? 'All audit events, newest first.' : 'Audit events that concern you, newest first.'}
    </PageHead>
  )
}

function Links({ actor }: { actor: PersonActor }) {
  if (!reportScope(actor)) return null
  const seesAll = seesEverything(actor)
  return (
    <div className="flex flex-wrap gap-2">
      <LinkButton href="/reports">Reports</LinkButton>
      {seesAll && <LinkButton href="/history/access">Access at a moment</LinkButton>}
      {seesAll && <LinkButton href="/history/review">Access review</LinkButton>}
    </div>
  )
}
