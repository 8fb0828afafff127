import type { ReactNode } from 'react'
import { RequestLink } from '#components/request/request-link'
import { ScrollTable } from '#components/ui/scroll-table'
import { Section } from '#components/ui/section'
import { Time, ZoneName } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { AccessReview } from '#lib/core/access/access-review'
import { secondsOf, shortDuration } from '#lib/core/access/duration'

type Props = { review: AccessReview }

const times = (count: number) => (count === 1 ? 'once' : `${count} times`)

function Table({ caption, heads, children }: { caption: string; heads: ReactNode[]; children: ReactNode }) {
  return (
    <ScrollTable caption={caption}>
      <thead>
        <tr>
          {heads.map((head, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the columns of a table never move
            <th key={at} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </ScrollTable>
  )
}

const zoned = (name: string) => (
  <>
    {name} (<ZoneName />)
  </>
)

function Access({ review: { access } }: Props) {
  const isUseKnown = access.some(({ used }) => used !== null)
  return (
    <Section id="granted" title="Granted access">
      {access.length === 0 ? (
        <p>No access began in this period.</p>
      ) : (
        <Table
          caption="Access by entitlement and person"
          heads={['Entitlement', 'Person', 'Granted', ...(isUseKnown ? ['Used'] : []), 'In all', zoned('Last began')]}
        >
          {access.map(({ entitlement, person, granted, used, held, lastAt }) => (
            <tr key={`${entitlement} ${person.id}`}>
              <td>
                <code>{entitlement}</code>
              </td>
              <td>
                <UntrustedText>{person.name}</UntrustedText>
              </td>
              <td>{times(granted)}</td>
              {isUseKnown && <td>{used === null ? 'unknown' : times(used)}</td>}
              <td>{shortDuration(secondsOf(held))}</td>
              <td>
                <Time at={lastAt} as="exact" />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  )
}

function Unused({ review: { unused } }: Props) {
  return (
    <Section id="unused" title="Entitlements that were not granted">
      {unused.length === 0 ? (
        <p>Access to every entitlement began in this period.</p>
      ) : (
        <ul className="flex flex-wrap gap-x-4 gap-y-1">
          {unused.map((name) => (
            <li key={name}>
              <code>{name}</code>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

function Pairs({ review: { pairs } }: Props) {
  return (
    <Section id="pairs" title="Approvers who always approved the same person">
      {pairs.length === 0 ? (
        <p>No one approved five or more requests of one person without a denial.</p>
      ) : (
        <Table
          caption="Pairs of approver and requester"
          heads={['Approver', 'Requester', 'Approved', 'Of their decisions']}
        >
          {pairs.map(({ approver, requester, approved, ofDecisions }) => (
            <tr key={`${approver.id} ${requester.id}`}>
              <td>
                <UntrustedText>{approver.name}</UntrustedText>
              </td>
              <td>
                <UntrustedText>{requester.name}</UntrustedText>
              </td>
              <td>{approved}</td>
              <td>{ofDecisions}</td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  )
}

function Fast({ review: { fast } }: Props) {
  return (
    <Section id="fast" title="Decisions within 5 seconds">
      {fast.length === 0 ? (
        <p>No request was decided within 5 seconds.</p>
      ) : (
        <Table
          caption="Decisions within 5 seconds of the submission"
          heads={['Request', 'Entitlement', 'Requester', 'Decided by', 'After', zoned('At')]}
        >
          {fast.map(({ requestId, entitlement, approver, requester, decision, seconds, at }) => (
            <tr key={`${requestId} ${approver.id}`}>
              <td>
                <RequestLink id={requestId} />
              </td>
              <td>
                <code>{entitlement}</code>
              </td>
              <td>
                <UntrustedText>{requester.name}</UntrustedText>
              </td>
              <td>
                <UntrustedText>{approver.name}</UntrustedText> ({decision === 'approve' ? 'approved' : 'denied'})
              </td>
              <td>{seconds} s</td>
              <td>
                <Time at={at} as="exact" />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  )
}

function BreakGlass({ review: { breakGlass } }: Props) {
  return (
    <Section id="break-glass" title="Break-glass access">
      {breakGlass.length === 0 ? (
        <p>No break-glass access began in this period.</p>
      ) : (
        <Table
          caption="Break-glass access and its review"
          heads={['Request', 'Entitlement', 'Person', 'Review', zoned('At')]}
        >
          {breakGlass.map(({ requestId, entitlement, person, outcome, reviewer, at }) => (
            <tr key={requestId}>
              <td>
                <RequestLink id={requestId} />
              </td>
              <td>
                <code>{entitlement}</code>
              </td>
              <td>
                <UntrustedText>{person.name}</UntrustedText>
              </td>
              <td>
                {outcome === null ? (
                  'not reviewed'
                ) : (
                  <>
                    {outcome === 'justified' ? 'justified' : 'not justified'}, by{' '}
                    <UntrustedText>{reviewer ?? 'unknown'}</UntrustedText>
                  </>
                )}
              </td>
              <td>
                <Time at={at} as="exact" />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  )
}

/** A period's access, and the patterns that a reviewer looks into. */
export function AccessReviewTables({ review }: Props) {
  return (
    <>
      <Access review={review} />
      <Unused review={review} />
      <Pairs review={review} />
      <Fast review={review} />
      <BreakGlass review={review} />
    </>
  )
}
