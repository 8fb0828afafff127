import type { ReactNode } from 'react'
import { Link } from '#components/ui/link'

/** Short, so that they fit in one line of a phone, and also before its font has arrived: nothing moves then. */
const tabs = {
  waiting: { href: '/inbox', label: 'Waiting' },
  running: { href: '/live', label: 'Running' },
  decided: {
    href: '/inbox/decided',
    label: (
      // One element: in the tab, which is a flex container, the space before "by me" would be lost.
      <span>
        Decided<span className="max-rail:sr-only"> by me</span>
      </span>
    ),
  },
  reviews: { href: '/inbox/reviews', label: 'Reviews' },
} as const satisfies Record<string, { href: string; label: ReactNode }>

/** From what waits for my decision to what runs, what I decided, and the reviews of break-glass access. */
export function AccessTabs({ current, waiting }: { current: keyof typeof tabs; waiting?: number }) {
  return (
    <nav
      aria-label="Requests and access"
      className="no-print flex gap-1 overflow-x-auto max-[359px]:gap-0 max-rail:basis-full"
    >
      {Object.entries(tabs).map(([name, { href, label }]) => (
        <Link
          key={name}
          href={href}
          aria-current={name === current ? 'page' : undefined}
          className="flex min-h-8 items-center rounded-sm px-2.5 whitespace-nowrap text-muted max-rail:px-2 max-rail:text-dense max-[359px]:px-1 focus-visible:-outline-offset-2 hover:text-ink aria-[current]:bg-hover aria-[current]:font-strong aria-[current]:text-ink"
        >
          {label}
          {name === 'waiting' && waiting !== undefined && waiting > 0 && <span className="ml-1.5">{waiting}</span>}
        </Link>
      ))}
    </nav>
  )
}
