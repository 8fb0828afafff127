import { clsx } from 'clsx'
import type { ReactNode } from 'react'

type Props = { tone?: 'bad' | 'waiting' | 'good'; live?: boolean; children: ReactNode }

/**
 * An important message, marked at its edge. `live`: it appears after an action, screen readers announce it, and it has the
 * focus in a page that the browser loads with it.
 */
export function Notice({ tone = 'bad', live = false, children }: Props) {
  return (
    <div
      role={live ? (tone === 'bad' ? 'alert' : 'status') : undefined}
      tabIndex={live ? -1 : undefined}
      // biome-ignore lint/a11y/noAutofocus: without scripts a new page shows the answer, and reading starts there
      autoFocus={live}
      className={clsx(
        'appears border-l-3 py-1 pl-3',
        tone === 'bad' && 'border-bad',
        tone === 'waiting' && 'border-waiting',
        tone === 'good' && 'border-good',
      )}
    >
      {children}
    </div>
  )
}
