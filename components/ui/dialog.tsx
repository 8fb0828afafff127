'use client'
import { type ReactNode, useEffect, useRef } from 'react'
import { Icon } from './icon.tsx'

type Props = { open: boolean; onClose: () => void; title: string; narrow?: boolean; children: ReactNode }

/** The browser's modal dialog: it traps the focus, closes with Escape and returns the focus. */
export function Dialog({ open, onClose, title, narrow = false, children }: Props) {
  const element = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (open && !element.current?.open) element.current?.showModal()
    if (!open && element.current?.open) element.current.close()
  }, [open])
  return (
    <dialog
      ref={element}
      onClose={onClose}
      aria-label={title}
      className={`max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] overflow-y-auto rounded-md border border-line bg-raised p-0 shadow-float ${narrow ? 'max-w-md' : 'max-w-2xl'}`}
    >
      {open && (
        <div className="appears relative p-5">
          <h2 className="mb-3 pr-10 text-[1rem] leading-6">{title}</h2>
          {children}
          {/* Last, so that the initial focus is on the content. */}
          <button
            type="button"
            onClick={onClose}
            aria-label="Close"
            className="absolute top-4 right-4 grid size-8 place-items-center rounded-sm text-muted hover:bg-hover hover:text-ink"
          >
            <Icon name="close" />
          </button>
        </div>
      )}
    </dialog>
  )
}
