import { Fragment } from 'react'
import { RequestLink } from '#components/request/request-link'
import { Link } from '#components/ui/link'
import { Time, ZoneName } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import type { EventVerification } from '#lib/core/access/log-resource'
import { type HistoryFilter, queryOf } from '#lib/core/audit/filter-terms'
import { EventDetail } from './event-detail.tsx'

type Props = {
  events: AuditEventResource[]
  filter: HistoryFilter
  cursor: string
  open: string
  /** Of the open event. */
  verification: EventVerification | null
}

/** Audit events, newest first. A row opens in place; the open row is part of the URL, so it can be shared. */
export function EventTable({ events, filter, cursor, open, verification }: Props) {
  return (
    <table className="w-full border-collapse text-left text-dense max-rail:block rail:table-fixed">
      <caption className="sr-only">Audit events, newest first</caption>
      <thead className="max-rail:sr-only">
        <tr className="border-b border-edge text-muted">
          <th scope="col" className="w-42 py-1.5 pr-4">
            Time (<ZoneName />)
          </th>
          <th scope="col" className="w-32 pr-4 xl:w-40">
            Who
          </th>
          <th scope="col" className="pr-4">
            What
          </th>
          <th scope="col" className="w-40 pr-4 xl:w-52">
            Where
          </th>
          <th scope="col" className="w-20">
            Request
          </th>
        </tr>
      </thead>
      <tbody className="max-rail:block">
        {events.map((event) => {
          const isOpen = event.id === open
          return (
            <Fragment key={event.id}>
              <tr
                id={event.id}
                className="h-8 border-b border-line hover:bg-hover max-rail:grid max-rail:h-auto max-rail:grid-cols-[1fr_auto] max-rail:py-1.5"
              >
                <td className="pr-4">
                  <Link
                    data-row=""
                    scroll={false}
                    href={`/history?${queryOf(filter, { cursor, open: isOpen ? '' : event.id })}`}
                    aria-expanded={isOpen}
                    className="whitespace-nowrap hover:underline"
                  >
                    <span aria-hidden className="mr-1.5 inline-block w-2 text-muted">
                      {isOpen ? '▾' : '▸'}
                    </span>
                    <Time at={event.at} as="exact" />
                  </Link>
                </td>
                <td className="pr-4 max-rail:pr-0 max-rail:text-right">
                  <UntrustedText>{event.actor.name}</UntrustedText>
                </td>
                <td className="pr-4 max-rail:col-span-2 max-rail:py-0.5">
                  <UntrustedText>{event.sentence}</UntrustedText>
                  {event.about && event.about.id !== event.actor.id && (
                    <span className="text-muted">
                      {' '}
                      for <UntrustedText>{event.about.name}</UntrustedText>
                    </span>
                  )}
                </td>
                <td className="pr-4">
                  <code className="text-muted">
                    <UntrustedText>
                      {[event.cluster, event.namespaces.join(', ')].filter(Boolean).join(' · ')}
                    </UntrustedText>
                  </code>
                </td>
                <td className="max-rail:text-right">{event.requestId && <RequestLink id={event.requestId} />}</td>
              </tr>
              {isOpen && (
                <tr className="border-b border-line bg-sunken max-rail:block">
                  <td colSpan={5} className="max-rail:block">
                    <EventDetail event={event} verification={verification} />
                  </td>
                </tr>
              )}
            </Fragment>
          )
        })}
      </tbody>
    </table>
  )
}
