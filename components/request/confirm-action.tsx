'use client'
import { type ReactNode, useId, useState } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { Dialog } from '#components/ui/dialog'
import { DraftField } from '#components/ui/draft-field'
import { useTextDraft, useTypedText } from '#components/ui/drafts'
import { SubmitButton } from '#components/ui/submit-button'
import type { FormAction } from '#lib/core/access/action-result'
import { type ButtonKind, buttonStyle } from '../ui/button-style.ts'
import { problemsAt } from '../ui/problems-at.ts'
import { useFormAnswer } from '../ui/use-form-answer.ts'

/** The actions that need a confirmation, as `?confirm=` of the request's page names them. */
export type ConfirmedAction = 'withdraw' | 'release' | 'revoke'

type Props = {
  name: ConfirmedAction
  label: string
  /** The label while the action runs. */
  pending: string
  kind?: ButtonKind
  title: string
  /** The consequences of the action. */
  children: ReactNode
  /** The page that opens with this dialog, where there are no scripts. */
  page: string
  /** The form field that names the request or grant. */
  id: { name: 'requestId' | 'grantId'; value: string }
  asksReason?: boolean
  startsOpen: boolean
  /** The id of the element that shows the outcome; it receives the focus afterwards. */
  focusAfter?: string
  action: FormAction<{ reason: string }>
}

/** A button for an action that can't be undone: explains it and needs a confirmation. */
export function ConfirmAction(props: Props) {
  const { name, label, kind = 'plain', title, page, startsOpen } = props
  const [open, setOpen] = useState(startsOpen)
  return (
    <>
      <form
        action={page}
        className="contents"
        onSubmit={(event) => {
          event.preventDefault()
          setOpen(true)
        }}
      >
        <button type="submit" name="confirm" value={name} className={buttonStyle(kind)}>
          {label}
        </button>
      </form>
      {open && (
        <Dialog open onClose={() => setOpen(false)} title={title} narrow>
          <Confirmation {...props} />
        </Dialog>
      )}
    </>
  )
}

function Confirmation({
  name,
  label,
  pending,
  kind = 'plain',
  children,
  id,
  asksReason,
  focusAfter = 'headline',
  action,
}: Props) {
  const cancel = useId()
  const forget = () => reason.forget()
  const { answer, form } = useFormAnswer(action, forget, () => {
    // The closing dialog returns the focus to its button, which the next render may remove. So it closes first, and then
    // the focus moves on.
    form.ref.current?.closest('dialog')?.close()
    document.getElementById(focusAfter)?.focus()
  })
  const reason = useTextDraft(`${name} ${id.value}`, answer.kept.reason)
  useTypedText(form.ref, 'reason', reason)
  const problems = problemsAt('reason', answer.error?.errors ?? [])
  return (
    <>
      <form {...form} className="space-y-4 text-left whitespace-normal">
        <input type="hidden" name={id.name} value={id.value} />
        <div>{children}</div>
        {asksReason && (
          <DraftField id="confirm-reason" name="reason" label="Reason" problems={problems} draft={reason} />
        )}
        <ActionProblem error={answer.error} besides={asksReason ? ['reason'] : []} />
        <div className="flex justify-end gap-2">
          <button type="submit" form={cancel} className={buttonStyle('quiet')}>
            Cancel
          </button>
          <SubmitButton kind={kind === 'quiet' ? 'plain' : kind} pending={pending}>
            {label}
          </SubmitButton>
        </div>
      </form>
      <form id={cancel} method="dialog" />
    </>
  )
}
