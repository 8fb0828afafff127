'use client'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Icon } from './icon.tsx'

type Props = { open: boolean; onClose: () => void; title: string; narrow?: boolean; children: ReactNode }

/**
 * The browser's modal dialog: it traps the focus, closes with Escape and returns the focus. A page that is loaded with an
 * open dialog shows it without scripts too, then not modally.
 */
export function Dialog({ open, onClose, title, narrow = false, children }: Props) {
  const [startsOpen] = useState(open)
  const element = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = element.current
    if (open && dialog && !dialog.matches(':modal')) {
      dialog.removeAttribute('open')
      dialog.showModal()
    }
    if (!open && dialog?.open) dialog.close()
  }, [open])
  return (
    <dialog
      ref={element}
      open={startsOpen || undefined}
      onClose={onClose}
      aria-label={title}
      className={`max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] overflow-y-auto rounded-md border border-line bg-raised p-0 shadow-float ${narrow ? 'max-w-md' : 'max-w-2xl'}`}
    >
      {open && (
        <div className="appears relative p-5">
          <h2 className="mb-3 pr-10 text-[1rem] leading-6">{title}</h2>
          {children}
          {/* Last, so that the initial focus is on the content. */}
          <form method="dialog">
            <button
              type="submit"
              aria-label="Close"
              className="absolute top-4 right-4 grid size-8 place-items-center rounded-sm text-muted hover:bg-hover hover:text-ink"
            >
              <Icon name="close" />
            </button>
          </form>
        </div>
      )}
    </dialog>
  )
}
