import { Icon } from '#components/ui/icon'
import { Link } from '#components/ui/link'
import { LinkButton } from '#components/ui/link-button'
import { UntrustedText } from '#components/ui/untrusted-text'
import { auditEventTypes } from '#lib/core/audit/events'
import { filterKeys, formatFilter, type HistoryFilter, queryOf } from '#lib/core/audit/filter'
import { buttonStyle } from '../ui/button-style.ts'

type Props = { filter: HistoryFilter }

/** The filter as text, which is also the URL. A plain form: it works without scripts, and can be bookmarked. */
export function FilterBar({ filter }: Props) {
  const set = filterKeys.filter((key) => filter[key])
  return (
    <search>
      <form action="/history" className="relative flex gap-2">
        <span className="pointer-events-none absolute top-2.5 left-3 text-muted">
          <Icon name="search" />
        </span>
        <input
          key={formatFilter(filter)}
          name="q"
          data-search
          list="event-types"
          autoComplete="off"
          spellCheck={false}
          maxLength={1000}
          aria-label="Filter events"
          placeholder="actor:name cluster:prod-eu type:grant.ended from:2026-11-01"
          defaultValue={formatFilter(filter)}
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
