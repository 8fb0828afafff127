import { Link } from '#components/ui/link'
import { StackedBars } from '#components/ui/stacked-bars'
import { wallTime } from '#lib/core/access/time-zone'
import { type HistoryFilter, queryOf } from '#lib/core/audit/filter-terms'
import type { Bucket } from '#lib/core/audit/histogram'
import { HistogramRange } from './histogram-range.tsx'

type Props = {
  buckets: Promise<Bucket[] | null>
  filter: HistoryFilter
  /** The time zone of the page. */
  zone: string
}

/** Bars that share one link: a single bar is narrower than the 24 px of WCAG 2.5.8. */
const together = 7
/** By the number of bars. */
const widths = ['', 'grow-1', 'grow-2', 'grow-3', 'grow-4', 'grow-5', 'grow-6', 'grow-7']

/** To the minute, as a wall clock in this zone shows it: `2026-11-23 10:14`. */
function minuteOf(instant: string, zone: string): string {
  const { date, time } = wallTime(instant, zone)
  return `${date} ${time.slice(0, 5)}`
}

/**
 * Events over time. Null if they could not be counted: without it the page is complete. Each group of bars links to its
 * own period and has the count in its name; dragging over the bars chooses any period.
 */
export async function Histogram({ buckets: counted, filter, zone }: Props) {
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
      <HistogramRange times={[...buckets.map(({ from }) => from), last.to]} filter={filter}>
        <ul className="flex h-14 items-end border-b border-edge">
          {stretches.map((bars) => (
            // A last stretch with fewer bars is narrower, so that every bar has the same width.
            <li key={bars[0]?.from} className={`h-full min-w-0 basis-0 ${widths[bars.length]}`}>
              <Stretch bars={bars} most={most} filter={filter} zone={zone} />
            </li>
          ))}
        </ul>
      </HistogramRange>
      <div className="mt-1 flex flex-wrap justify-between gap-x-4 font-mono text-code text-muted">
        <span>{minuteOf(first.from, zone)}</span>
        <span>
          {minuteOf(last.to, zone)} {wallTime(last.to, zone).offset}
        </span>
      </div>
    </nav>
  )
}

type StretchProps = { bars: Bucket[]; most: number; filter: HistoryFilter; zone: string }

function Stretch({ bars, most, filter, zone }: StretchProps) {
  const count = bars.reduce((sum, one) => sum + one.count, 0)
  const [from, to] = [bars[0]?.from ?? '', bars.at(-1)?.to ?? '']
  if (count === 0) return null
  const words = `${count} ${count === 1 ? 'event' : 'events'} from ${minuteOf(from, zone)} to ${minuteOf(to, zone)}`
  return (
    <Link
      href={`/history?${queryOf({ ...filter, from, to, zone: '' })}`}
      title={words}
      className="block h-full text-muted hover:text-accent focus-visible:text-accent"
    >
      <StackedBars bars={bars.map((one) => [one.count])} colours={['']} most={most} />
      <span className="sr-only">{words}</span>
    </Link>
  )
}
