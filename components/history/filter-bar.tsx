import { Icon } from '#components/ui/icon'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FilterValues } from '#lib/core/audit/complete-filter'
import { filterKeys, formatFilter, type HistoryFilter, queryOf } from '#lib/core/audit/filter-terms'
import { buttonStyle } from '../ui/button-style.ts'
import { FilterInput } from './filter-input.tsx'
import { FilterTags } from './filter-tags.tsx'

type Props = {
  filter: HistoryFilter
  /** What was typed, if it is not a filter. */
  typed?: string | undefined
  /** Why it is not. */
  problems?: readonly string[]
  /** What the filter suggests. */
  values: FilterValues
}

/** The filter as text, which is also the URL. A plain form: it works without scripts, and can be bookmarked. */
export function FilterBar({ filter, typed, problems = [], values }: Props) {
  const set = typed === undefined ? filterKeys.filter((key) => filter[key]) : []
  const value = typed ?? formatFilter(filter)
  const isInvalid = problems.length > 0
  return (
    <search>
      <form action="/history" className="relative flex gap-2 max-sm:flex-wrap">
        <span className="pointer-events-none absolute top-2.5 left-3 z-10 text-muted">
          <Icon name="search" />
        </span>
        <FilterInput applied={value} values={values} isInvalid={isInvalid} />
        <button type="submit" className={buttonStyle()}>
          Filter events
        </button>
      </form>
      {isInvalid && (
        <div id="filter-problems" role="alert" className="mt-2 text-dense text-bad">
          {problems.map((problem) => (
            <p key={problem}>
              <UntrustedText>{problem}</UntrustedText>
            </p>
          ))}
        </div>
      )}
      {set.length > 0 && (
        <FilterTags
          tags={set.map((key) => ({
            ...{ key, value: filter[key] ?? '' },
            href: `/history?${queryOf({ ...filter, [key]: '' })}` as const,
          }))}
        />
      )}
    </search>
  )
}
