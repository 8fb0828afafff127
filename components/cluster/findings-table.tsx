import { ScrollTable } from '#components/ui/scroll-table'
import { Time, ZoneName } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FindingOutcome } from '#lib/core/access/finding'
import type { FindingResource } from '#lib/core/access/finding-resource'

const outcomes: Record<FindingOutcome, string> = {
  repaired: '✓ repaired',
  removed: '✓ removed',
  'access-ended': '✕ couldn’t be repaired: the access was ended',
  gone: '✓ no longer there',
}

/** Changes that someone else made to Postern's objects, or objects made in its name: when they were found, and the outcome. */
export function FindingsTable({ findings, caption }: { findings: FindingResource[]; caption: string }) {
  return (
    <ScrollTable caption={caption}>
      <thead>
        <tr>
          <th scope="col">Finding</th>
          <th scope="col">
            First seen (<ZoneName />)
          </th>
          <th scope="col">
            Last seen (<ZoneName />)
          </th>
          <th scope="col">Outcome</th>
        </tr>
      </thead>
      <tbody>
        {findings.map((one) => (
          <tr key={one.id}>
            <td>
              <UntrustedText>{one.sentence}</UntrustedText>
              {one.times > 1 && <span className="text-muted"> Seen {one.times} times.</span>}
            </td>
            <td>
              <Time at={one.firstSeenAt} as="exact" />
            </td>
            <td>
              <Time at={one.lastSeenAt} as="exact" />
            </td>
            <td className={one.outcome === null || one.outcome === 'access-ended' ? 'text-bad' : undefined}>
              {one.outcome === null ? '◐ open: Postern is working on it' : outcomes[one.outcome]}
            </td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}
