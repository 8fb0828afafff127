import { Link } from '#components/ui/link'
import { ScrollTable } from '#components/ui/scroll-table'
import { Time, ZoneName } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { ActivityGaps } from '#lib/core/access/activity-resource'
import { durationInWords } from '#lib/core/access/duration'
import { hrefOfCalls } from '#lib/core/activity/call-link'

/** Calls that arrived only by an import, and times of which nothing is known. Null if they could not be found. */
export async function Gaps({ gaps: found }: { gaps: Promise<ActivityGaps | null> }) {
  const gaps = await found
  if (!gaps) return <p className="text-dense text-muted">Finding the gaps of this time took too long.</p>
  return (
    <div className="space-y-4">
      {gaps.filled.length > 0 && <FilledGaps filled={gaps.filled} />}
      {gaps.silences.length > 0 && <Silences silences={gaps.silences} />}
      <p className="text-dense text-muted">
        {gaps.filled.length + gaps.silences.length === 0 && 'None known. '}
        Audit events have no sequence: what an API server dropped is known only once its log file is imported, with{' '}
        <code>postern activity import</code>.
      </p>
    </div>
  )
}

function FilledGaps({ filled }: Pick<ActivityGaps, 'filled'>) {
  return (
    <ScrollTable caption="Calls that had not arrived before an import, newest first">
      <thead>
        <tr>
          <th scope="col">Cluster</th>
          <th scope="col">
            First call (<ZoneName />)
          </th>
          <th scope="col">Last call</th>
          <th scope="col" className="text-right">
            Calls
          </th>
          <th scope="col">Filled by the import of</th>
        </tr>
      </thead>
      <tbody>
        {filled.map(({ importId, cluster, firstAt, lastAt, count, file, by, at }) => (
          <tr key={`${importId} ${firstAt}`}>
            <td>
              <code>{cluster}</code>
            </td>
            <td>
              <Time at={firstAt} as="exact" />
            </td>
            <td>
              <Time at={lastAt} as="exact" />
            </td>
            <td className="text-right">
              <Link
                className="link"
                href={hrefOfCalls({ cluster, import: importId, from: firstAt, to: justAfter(lastAt) }) as '/activity'}
              >
                {count.toLocaleString('en')}
              </Link>
            </td>
            <td className="max-w-96 wrap-anywhere">
              <code>
                <UntrustedText>{file}</UntrustedText>
              </code>{' '}
              by <UntrustedText>{by}</UntrustedText> at <Time at={at} as="exact" />
            </td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}

/** Times are stored in microseconds and shown in milliseconds. */
const justAfter = (at: string) => new Date(Date.parse(at) + 1).toISOString()

function Silences({ silences }: Pick<ActivityGaps, 'silences'>) {
  return (
    <ul className="space-y-1 text-dense">
      {silences.map(({ cluster, from, to, isOngoing, usualSeconds }) => (
        <li key={`${cluster} ${from}`}>
          <span className="text-ending">◐ Unknown:</span> no events of <code>{cluster}</code>{' '}
          {isOngoing ? (
            <>
              since <Time at={from} as="exact" />
            </>
          ) : (
            <>
              between <Time at={from} as="exact" /> and <Time at={to} as="exact" />
            </>
          )}
          . Its events are usually at most {durationInWords(usualSeconds)} apart. Either no call was made that its audit
          policy reports, or events were lost.
        </li>
      ))}
    </ul>
  )
}
