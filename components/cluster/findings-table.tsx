import { ScrollTable } from '#components/ui/scroll-table'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FindingOutcome } from '#lib/core/access/finding'
import type { FindingResource } from '#lib/core/access/resources'

const outcomes: Record<FindingOutcome, string> = {
  repaired: '✓ put right',
  removed: '✓ removed',
  'access-ended': '✕ could not be put right: the access ended',
  gone: '✓ gone by itself',
}

/** What somebody else did to what Postern made, or made in its name: found when, and what came of it. */
export function FindingsTable({ findings, caption }: { findings: FindingResource[]; caption: string }) {
  return (
    <ScrollTable caption={caption}>
      <thead>
        <tr>
          <th scope="col">What was found</th>
          <th scope="col">First seen (UTC)</th>
          <th scope="col">Last seen (UTC)</th>
          <th scope="col">What came of it</th>
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
              {one.outcome === null ? '◐ it stands: Postern is at it' : outcomes[one.outcome]}
            </td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}
