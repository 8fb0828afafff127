import { Copyable } from '#components/ui/copyable'
import { ShapeMark } from '#components/ui/shape-mark'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import type { EventVerification } from '#lib/core/access/log-resource'

type Props = { event: AuditEventResource; verification: EventVerification | null }

const states = {
  verified: { colour: 'text-good', word: 'Verified', shape: <path d="M2.5 7.5 5.5 10.5 11.5 3.5" /> },
  waiting: { colour: 'text-muted', word: 'Not in a checkpoint yet', shape: <circle cx="7" cy="7" r="4.5" /> },
  unsigned: { colour: 'text-waiting', word: 'Not signed', shape: <path d="M2.5 7h9" /> },
  failed: { colour: 'text-bad', word: 'Verification failed', shape: <path d="M3 3l8 8M11 3l-8 8" /> },
}

/** What was found when this event was verified for this page. */
function Verification({ state, sentence, index, signedAt, anchors }: EventVerification) {
  return (
    <>
      <ShapeMark {...states[state]} /> {index !== null && <span>leaf {index} of the log. </span>}
      <UntrustedText>{sentence}</UntrustedText>
      {signedAt && (
        <>
          {' '}
          Signed <Time at={signedAt} />.
        </>
      )}
      {anchors.map(({ name, keptAt }) => (
        <span key={name}>
          {' '}
          Kept by {name} <Time at={keptAt} />.
        </span>
      ))}
    </>
  )
}

/** One event with every field as it was recorded. */
export function EventDetail({ event, verification }: Props) {
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
        {verification && (
          <div className="contents">
            <dt className="text-muted">record</dt>
            <dd className="min-w-0">
              <Verification {...verification} />
            </dd>
          </div>
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
