import { Icon } from '#components/ui/icon'
import { Link } from '#components/ui/link'
import { LinkButton } from '#components/ui/link-button'
import { UntrustedText } from '#components/ui/untrusted-text'
import { auditEventTypes } from '#lib/core/audit/events'
import { filterKeys, formatFilter, type HistoryFilter, queryOf } from '#lib/core/audit/filter'
import { buttonStyle } from '../ui/button-style.ts'

type Props = {
  filter: HistoryFilter
  /** What was typed, if it is not a filter. */
  typed?: string | undefined
  /** Why it is not. */
  problems?: readonly string[]
}

/** The filter as text, which is also the URL. A plain form: it works without scripts, and can be bookmarked. */
export function FilterBar({ filter, typed, problems = [] }: Props) {
  const set = typed === undefined ? filterKeys.filter((key) => filter[key]) : []
  const value = typed ?? formatFilter(filter)
  const isInvalid = problems.length > 0
  return (
    <search>
      <form action="/history" className="relative flex gap-2">
        <span className="pointer-events-none absolute top-2.5 left-3 text-muted">
          <Icon name="search" />
        </span>
        <input
          key={value}
          name="q"
          data-search
          list="event-types"
          autoComplete="off"
          spellCheck={false}
          maxLength={1000}
          aria-label="Filter events"
          placeholder="words, or actor:name namespace:payments resource:secrets from:yesterday"
          defaultValue={value}
          aria-invalid={isInvalid}
          aria-describedby={isInvalid ? 'filter-problems' : undefined}
          // biome-ignore lint/a11y/noAutofocus: after a refused filter the focus goes to it
          autoFocus={isInvalid}
          className="control pl-9 font-mono text-code"
        />
        <datalist id="event-types">
          {auditEventTypes.map((type) => (
            <option key={type} value={`type:${type}`} />
          ))}
        </datalist>
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
        <ul aria-label="Active filters" className="mt-2 flex flex-wrap gap-2">
          {set.map((key) => (
            <li key={key}>
              <Link
                href={`/history?${queryOf({ ...filter, [key]: '' })}`}
                className="inline-flex min-h-7 max-w-full items-center gap-1.5 rounded-sm border border-line px-2 text-dense hover:bg-hover"
              >
                <span className="sr-only">Remove filter </span>
                <code className="truncate">
                  <span className="text-muted">{key}:</span>
                  <UntrustedText>{filter[key] ?? ''}</UntrustedText>
                </code>
                <Icon name="close" size={12} />
              </Link>
            </li>
          ))}
          <li>
            <LinkButton kind="quiet" href="/history">
              Clear filter
            </LinkButton>
          </li>
        </ul>
      )}
    </search>
  )
}
