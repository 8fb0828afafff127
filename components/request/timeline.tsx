import { ScrollTable } from '#components/ui/scroll-table'
import { Time, ZoneName } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import { type FoldedEvents, foldEvents } from './fold-events.ts'

/** The events of a request, in order, as recorded. Those that say one thing are one row, which opens to all of them. */
export function Timeline({ events }: { events: AuditEventResource[] }) {
  if (events.length === 0) return <p className="text-dense text-muted">No events that you can see.</p>
  return (
    <ScrollTable caption="Audit events">
      <thead>
        <tr>
          <th scope="col">
            Time (<ZoneName />)
          </th>
          <th scope="col" className="max-sm:hidden">
            Who
          </th>
          <th scope="col">What</th>
        </tr>
      </thead>
      <tbody>
        {foldEvents(events).map((row) => (
          <tr key={row.events[0].id} id={row.events[0].id}>
            <td>
              <Time at={row.events[0].at} as="exact" />
              {/* A phone has no room for a column of names. */}
              <span className="block sm:hidden">
                <UntrustedText>{row.events[0].actor.name}</UntrustedText>
              </span>
            </td>
            <td className="whitespace-nowrap max-sm:hidden">
              <UntrustedText>{row.events[0].actor.name}</UntrustedText>
            </td>
            <td>
              <What row={row} />
            </td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}

function What({ row: { events, sentence } }: { row: FoldedEvents }) {
  if (events.length === 1) return <UntrustedText>{sentence}</UntrustedText>
  return (
    <details>
      <summary className="font-normal">
        <UntrustedText>{sentence}</UntrustedText>
      </summary>
      <ul>
        {events.map((event) => (
          <li key={event.id}>
            <Time at={event.at} as="time" /> <UntrustedText>{event.sentence}</UntrustedText>
          </li>
        ))}
      </ul>
    </details>
  )
}
