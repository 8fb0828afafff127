import { clsx } from 'clsx'
import type { ReactNode } from 'react'

type Props = { tone?: 'bad' | 'waiting' | 'good'; live?: boolean; children: ReactNode }

/** An important message, marked at its edge. `live`: it appears after an action, and screen readers announce it. */
export function Notice({ tone = 'bad', live = false, children }: Props) {
  return (
    <div
      role={live ? (tone === 'bad' ? 'alert' : 'status') : undefined}
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
