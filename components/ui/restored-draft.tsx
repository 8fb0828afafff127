import type { ReactNode } from 'react'
import { buttonStyle } from './button-style.ts'

/** Says that a form continues with an earlier draft, and offers to discard it. */
export function RestoredDraft({ onDiscard, children }: { onDiscard: () => void; children: ReactNode }) {
  return (
    <div role="status" className="flex flex-wrap items-center gap-x-3 gap-y-1 text-dense text-muted">
      {children}
      <button type="button" className={buttonStyle('quiet')} onClick={onDiscard}>
        Discard draft
      </button>
    </div>
  )
}
