import { Copyable } from '#components/ui/copyable'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'

/** One event with every field as it was recorded. */
export function EventDetail({ event }: { event: AuditEventResource }) {
  const rows: [string, string | null][] = [
    ['type', event.type],
    ['id', event.id],
    ['actor', [event.actor.name, event.actor.email, event.actor.id].filter(Boolean).join(' · ')],
    ['about', [event.about?.name, event.about?.id].filter(Boolean).join(' · ')],
    ['source', [event.via, event.clientAddress].filter(Boolean).join(' · ')],
    ['reference', event.reference],
    ['request', event.requestId],
    ['grant', event.grantId],
    ['policy', event.policyVersion],
  ]
  const parts: [string, unknown][] = [
    ['data', event.data],
    ['before', event.before],
    ['after', event.after],
  ]
  return (
    <div className="appears grid gap-x-10 gap-y-3 px-4 py-3 lg:grid-cols-2">
      <dl className="grid grid-cols-[5.5rem_minmax(0,1fr)] content-start gap-y-1">
        {rows.map(
          ([name, value]) =>
            value && (
              <div key={name} className="contents">
                <dt className="text-muted">{name}</dt>
                <dd className="min-w-0">
                  {['actor', 'about', 'source'].includes(name) ? (
                    <UntrustedText>{value}</UntrustedText>
                  ) : (
                    <Copyable text={value} label={name} />
                  )}
                </dd>
              </div>
            ),
        )}
      </dl>
      <div className="min-w-0 space-y-2">
        {parts.map(
          ([name, value]) =>
            value !== null &&
            value !== undefined && (
              <div key={name}>
                <p className="text-muted">{name}</p>
                <pre className="whitespace-pre-wrap wrap-anywhere">
                  <UntrustedText lines>{JSON.stringify(value, null, 2)}</UntrustedText>
                </pre>
              </div>
            ),
        )}
      </div>
    </div>
  )
}
