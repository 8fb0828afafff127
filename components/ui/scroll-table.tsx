import type { ReactNode } from 'react'

/** A table that may be wider than a phone: the table scrolls, also by keyboard, and the page does not. */
export function ScrollTable({ caption, children }: { caption: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section tabIndex={0} aria-label={caption} className="relative overflow-x-auto">
      <table className="table-plain">
        <caption className="sr-only">{caption}</caption>
        {children}
      </table>
    </section>
  )
}
