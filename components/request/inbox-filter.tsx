import { AddressForm } from '#components/ui/address-form'
import { Link } from '#components/ui/link'
import {
  type InboxFilter as Filter,
  type InboxChoice,
  type InboxField,
  inboxFields,
  inboxHref,
  isNarrowing,
} from '#lib/core/approvals/inbox-filter'
import { buttonStyle } from '../ui/button-style.ts'

type Props = {
  filter: Filter
  choices: Record<InboxField, InboxChoice[]>
  matching: number
  read: number
  waiting: number
}

const sortLabels = { urgency: 'Most urgent', oldest: 'Oldest', risk: 'Highest risk' }

/** Filters, sorts and groups the inbox. All of it is in the address; without scripts it is a form with a button. */
export function InboxFilter({ filter, choices, matching, read, waiting }: Props) {
  const set = inboxFields.filter((field) => filter[field] !== undefined).length
  return (
    <AddressForm action="/inbox" label="Filter the inbox" className="space-y-2 pb-2">
      <input
        type="search"
        name="q"
        data-search=""
        className="control"
        aria-label="Search the waiting requests"
        placeholder="Search"
        maxLength={200}
        defaultValue={filter.text}
      />
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-dense">
        <label className="flex items-center gap-1.5">
          <span className="text-muted">Sort</span>
          <select name="sort" className="control min-h-8! w-auto! py-0.5! text-dense" defaultValue={filter.sort}>
            {Object.entries(sortLabels).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <label className="flex min-h-8 items-center gap-1.5">
          <input type="checkbox" name="group" value="requester" defaultChecked={filter.isGrouped} />
          By requester
        </label>
      </div>
      <details open={set > 0 || undefined} className="text-dense">
        <summary className="py-1 text-muted">Filter{set > 0 && ` (${set})`}</summary>
        <div className="grid grid-cols-2 gap-2 pt-1">
          {inboxFields.map((field) => (
            <label key={field} className="min-w-0">
              <span className="block text-muted first-letter:uppercase">{field}</span>
              <select name={field} className="control min-h-8! py-0.5! text-dense" defaultValue={filter[field] ?? ''}>
                <option value="">any</option>
                {withChosen(choices[field], filter[field]).map(({ value, label, count }) => (
                  <option key={value} value={value}>
                    {label} ({count})
                  </option>
                ))}
              </select>
            </label>
          ))}
        </div>
      </details>
      <noscript>
        <button type="submit" className={buttonStyle('plain')}>
          Apply
        </button>
      </noscript>
      <p role="status" className="flex flex-wrap justify-between gap-x-4 text-dense text-muted">
        <span>
          {isNarrowing(filter) ? `${matching} of ${read} waiting requests` : `${read} waiting`}
          {waiting > read && `; the oldest ${read} of ${waiting} are listed`}
        </span>
        {isNarrowing(filter) && (
          <Link className="link" href={inboxHref({ sort: filter.sort, isGrouped: filter.isGrouped })}>
            Clear the filter
          </Link>
        )}
      </p>
    </AddressForm>
  )
}

/** The values that occur, and the chosen one also when it no longer does. */
const withChosen = (choices: InboxChoice[], chosen: string | undefined): InboxChoice[] =>
  chosen === undefined || choices.some(({ value }) => value === chosen)
    ? choices
    : [...choices, { value: chosen, label: chosen, count: 0 }]
