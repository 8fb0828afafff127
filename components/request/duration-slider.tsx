import { describedBy, Field } from '#components/ui/field'
import { durationInWords, formatDuration, shortDuration } from '#lib/core/access/duration'
import { durationStops } from './duration-stops.ts'

type Props = {
  id: string
  label: string
  seconds: number
  max: number
  why: string
  problems?: string[]
  onChange: (seconds: number) => void
}

/**
 * A slider over the usual durations that ends at the limit and says why that is the limit. Its form field is `duration`;
 * without scripts a list takes the place of the slider.
 */
export function DurationSlider({ id, label, seconds, max, why, problems = [], onChange }: Props) {
  const stops = durationStops(max, [seconds])
  return (
    <Field id={id} label={label} hint={why} problems={problems}>
      <input type="hidden" name="duration" value={formatDuration(seconds)} />
      <noscript>
        <select name="duration" aria-label={label} defaultValue={formatDuration(seconds)} className="control max-w-64">
          {stops.map((stop) => (
            <option key={stop} value={formatDuration(stop)}>
              {shortDuration(stop)}
            </option>
          ))}
        </select>
      </noscript>
      <div className="noscript:hidden">
        <div className="flex items-center gap-4">
          <input
            id={id}
            type="range"
            className="h-9 min-w-0 flex-1"
            min={0}
            max={stops.length - 1}
            step={1}
            value={stops.includes(seconds) ? stops.indexOf(seconds) : stops.length - 1}
            aria-valuetext={durationInWords(seconds)}
            aria-invalid={problems.length > 0}
            aria-describedby={describedBy(id)}
            onChange={(event) => onChange(stops[event.target.valueAsNumber] ?? seconds)}
          />
          <output htmlFor={id} className="w-24 text-right font-strong">
            {shortDuration(seconds)}
          </output>
        </div>
        <div aria-hidden className="mt-0.5 flex justify-between pr-28 text-dense text-muted">
          <span>{shortDuration(stops[0] ?? 0)}</span>
          <span>{shortDuration(max)}</span>
        </div>
      </div>
    </Field>
  )
}
