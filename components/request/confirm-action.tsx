'use client'
import { type ReactNode, useId, useRef, useState, useTransition } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { Dialog } from '#components/ui/dialog'
import type { ActionError, ActionResult } from '#lib/core/access/action-result'
import type { May } from '#lib/core/access/may'
import { type ButtonKind, buttonStyle } from '../ui/button-style.ts'

type Props = {
  label: string
  kind?: ButtonKind
  may: May
  title: string
  /** The consequences of the action. */
  children: ReactNode
  /** The label of the reason field, for actions that need a reason. */
  reasonLabel?: string
  /** The id of the element that shows the outcome; it receives the focus afterwards. */
  focusAfter?: string
  run: (reason: string) => Promise<ActionResult>
}

/** A button for an action that can't be undone: explains it, asks for confirmation, and says why when it is disabled. */
export function ConfirmAction({
  label,
  kind = 'plain',
  may,
  title,
  children,
  reasonLabel,
  focusAfter = 'headline',
  run,
}: Props) {
  const [open, setOpen] = useState(false)
  const [reason, setReason] = useState('')
  const [error, setError] = useState<ActionError | null>(null)
  const [busy, start] = useTransition()
  const id = useId()
  const form = useRef<HTMLFormElement>(null)

  const submit = () =>
    start(async () => {
      const result = await run(reason)
      setError(result.error)
      if (result.error) return
      setReason('')
      // The closing dialog returns the focus to its button, which the next render may remove. So it closes first, and
      // then the focus moves on.
      form.current?.closest('dialog')?.close()
      document.getElementById(focusAfter)?.focus()
    })

  return (
    <span className="inline-flex flex-wrap items-center gap-2">
      <button
        type="button"
        className={buttonStyle(kind)}
        disabled={!may.may}
        aria-describedby={may.may ? undefined : id}
        onClick={() => {
          setError(null)
          setOpen(true)
        }}
      >
        {label}
      </button>
      {!may.may && (
        <span id={id} className="text-dense text-muted">
          {may.why}
        </span>
      )}
      <Dialog open={open} onClose={() => setOpen(false)} title={title} narrow>
        <form
          ref={form}
          className="space-y-4 text-left whitespace-normal"
          onSubmit={(event) => {
            event.preventDefault()
            submit()
          }}
        >
          <div>{children}</div>
          {reasonLabel && (
            <label className="block">
              <span className="mb-1 block font-strong">{reasonLabel}</span>
              <textarea
                className="control"
                required
                maxLength={2000}
                value={reason}
                onChange={(event) => setReason(event.target.value)}
              />
            </label>
          )}
          <ActionProblem error={error} />
          <div className="flex justify-end gap-2">
            <button type="button" className={buttonStyle('quiet')} onClick={() => setOpen(false)}>
              Cancel
            </button>
            <button type="submit" className={buttonStyle(kind === 'quiet' ? 'plain' : kind)} disabled={busy}>
              {busy ? 'Working…' : label}
            </button>
          </div>
        </form>
      </Dialog>
    </span>
  )
}
