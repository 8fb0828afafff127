import { ScrollTable } from '#components/ui/scroll-table'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'

/** The events of a request, in order, as recorded. */
export function Timeline({ events }: { events: AuditEventResource[] }) {
  if (events.length === 0) return <p className="text-dense text-muted">No events that you can see.</p>
  return (
    <ScrollTable caption="Audit events">
      <thead>
        <tr>
          <th scope="col">Time (UTC)</th>
          <th scope="col">Who</th>
          <th scope="col">What</th>
          <th scope="col">Type</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={event.id} id={event.id}>
            <td>
              <Time at={event.at} as="exact" />
            </td>
            <td className="whitespace-nowrap">
              <UntrustedText>{event.actor.name}</UntrustedText>
            </td>
            <td>
              <UntrustedText>{event.sentence}</UntrustedText>
            </td>
            <td>
              <code className="text-muted">{event.type}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}
