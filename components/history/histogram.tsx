import { Link } from '#components/ui/link'
import { exactTime } from '#lib/core/access/format-time'
import { type HistoryFilter, queryOf } from '#lib/core/audit/filter-terms'
import type { Bucket } from '#lib/core/audit/histogram'
import { HistogramBars } from './histogram-bars.tsx'

type Props = { buckets: Promise<Bucket[] | null>; filter: HistoryFilter }

/** Bars that share one link: a single bar is narrower than the 24 px of WCAG 2.5.8. */
const together = 4

/** Events over time. Null if they could not be counted: without it the page is complete. Each group of bars links to its own period and has the count in its name. */
export async function Histogram({ buckets: counted, filter }: Props) {
  const buckets = await counted
  if (!buckets)
    return (
      <p className="mt-4 text-dense text-muted">Counting these events over time took too long. The list is complete.</p>
    )
  const most = Math.max(1, ...buckets.map((one) => one.count))
  const [first, last] = [buckets[0], buckets.at(-1)]
  if (!first || !last) return null
  const stretches = Array.from({ length: Math.ceil(buckets.length / together) }, (_, index) =>
    buckets.slice(index * together, (index + 1) * together),
  )
  return (
    <nav aria-label="Events over time" className="mt-4">
      <ul className="flex h-14 items-end border-b border-edge">
        {stretches.map((bars) => (
          <li key={bars[0]?.from} className="h-full min-w-0 flex-1">
            <Stretch bars={bars} most={most} filter={filter} />
          </li>
        ))}
      </ul>
      <div className="mt-1 flex justify-between font-mono text-code text-muted">
        <span>{exactTime(first.from).slice(0, 16)}</span>
        <span>{exactTime(last.to).slice(0, 16)} UTC</span>
      </div>
    </nav>
  )
}

function Stretch({ bars, most, filter }: { bars: Bucket[]; most: number; filter: HistoryFilter }) {
  const count = bars.reduce((sum, one) => sum + one.count, 0)
  const [from, to] = [bars[0]?.from ?? '', bars.at(-1)?.to ?? '']
  if (count === 0) return null
  const words = `${count} ${count === 1 ? 'event' : 'events'} from ${exactTime(from)} to ${exactTime(to)}`
  return (
    <Link
      href={`/history?${queryOf({ ...filter, from, to })}`}
      title={`${words} UTC`}
      className="block h-full text-muted hover:text-accent focus-visible:text-accent"
    >
      <HistogramBars counts={bars.map((one) => one.count)} most={most} />
      <span className="sr-only">{words}</span>
    </Link>
  )
}
