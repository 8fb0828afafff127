'use client'
import { type ReactNode, useId, useRef, useState, useTransition } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { Dialog } from '#components/ui/dialog'
import type { ActionError, ActionResult } from '#lib/core/access/action-result'
import type { May } from '#lib/core/access/resources'
import { type ButtonKind, buttonStyle } from '../ui/button-style.ts'

type Props = {
  label: string
  kind?: ButtonKind
  may: May
  title: string
  /** What happens when it is done, and what does not. */
  children: ReactNode
  /** Where a reason is asked for: its label. */
  reasonLabel?: string
  /** Where the focus goes once it is done: the id of what tells the outcome. */
  focusAfter?: string
  run: (reason: string) => Promise<ActionResult>
}

/** A button for what cannot be undone: says what it does, asks once, shows why where it may not. */
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
      // The browser gives the focus back to the button when the dialog closes, and the button may be gone with the next
      // drawing of the page: so the dialog closes first, and the focus goes on from there.
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
              Keep it
            </button>
            <button type="submit" className={buttonStyle(kind === 'quiet' ? 'plain' : kind)} disabled={busy}>
              {busy ? 'One moment …' : label}
            </button>
          </div>
        </form>
      </Dialog>
    </span>
  )
}
