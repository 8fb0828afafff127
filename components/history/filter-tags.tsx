'use client'
import { Icon } from '#components/ui/icon'
import { Link } from '#components/ui/link'
import { LinkButton } from '#components/ui/link-button'
import { UntrustedText } from '#components/ui/untrusted-text'
import { useIsHydrated } from '../ui/use-form-answer.ts'

type FilterTag = { key: string; value: string; href: `/history?${string}` }

/** A removed tag takes the focus with it, so the focus goes to the filter first. */
const focusFilter = () => document.querySelector<HTMLElement>('[data-search]')?.focus()

/** The terms of the filter. Each is a link to the history without it, which also works without scripts. */
export function FilterTags({ tags }: { tags: FilterTag[] }) {
  // Without scripts, and before React has taken over the page, the link loads a new page, and its fragment focuses the filter.
  const end = useIsHydrated() ? '' : '#filter'
  return (
    <ul aria-label="Active filters" className="mt-2 flex flex-wrap gap-2">
      {tags.map(({ key, value, href }) => (
        <li key={key} className="min-w-0">
          <Link
            href={`${href}${end}`}
            onClick={focusFilter}
            className="inline-flex min-h-7 max-w-full items-center gap-1.5 rounded-sm border border-line px-2 text-dense hover:bg-hover"
          >
            <span className="sr-only">Remove filter </span>
            <code className="truncate">
              <span className="text-muted">{key}:</span>
              <UntrustedText>{value}</UntrustedText>
            </code>
            <Icon name="close" size={12} />
          </Link>
        </li>
      ))}
      <li>
        <LinkButton kind="quiet" href={`/history${end}`} onClick={focusFilter}>
          Clear filter
        </LinkButton>
      </li>
    </ul>
  )
}
