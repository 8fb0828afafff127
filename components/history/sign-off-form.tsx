'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { DraftField } from '#components/ui/draft-field'
import { useTextDraft, useTypedText } from '#components/ui/drafts'
import { SubmitButton } from '#components/ui/submit-button'
import type { FormAction } from '#lib/core/access/action-result'
import { problemsAt } from '../ui/problems-at.ts'
import { useFormAnswer } from '../ui/use-form-answer.ts'

type Props = { from: string; to: string; digest: string; signOff: FormAction<{ note: string }> }

/** Records that this person has reviewed exactly what the page shows. */
export function SignOffForm({ from, to, digest, signOff }: Props) {
  const { answer, form } = useFormAnswer(signOff, () => note.forget())
  const note = useTextDraft(`sign-off ${from} ${to}`, answer.kept.note)
  useTypedText(form.ref, 'note', note)
  const problems = problemsAt('note', answer.error?.errors ?? [])
  return (
    <form {...form} className="mt-3 max-w-[72ch] space-y-3">
      {Object.entries({ from, to, digest }).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      <DraftField
        id="sign-off-note"
        name="note"
        label="Note"
        hint="What you reviewed, and what follows from it. It becomes an event of the log."
        problems={problems}
        rows={3}
        draft={note}
      />
      <ActionProblem error={answer.error} besides={['note']} />
      <SubmitButton kind="primary" pending="Signing off…">
        Sign off the review
      </SubmitButton>
    </form>
  )
}
