'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { useTextDraft, useTypedText } from '#components/ui/drafts'
import { describedBy, Field } from '#components/ui/field'
import { SubmitButton } from '#components/ui/submit-button'
import type { FormAction } from '#lib/core/access/action-result'
import { useFormAnswer } from '../ui/use-form-answer.ts'

type Props = { from: string; to: string; digest: string; signOff: FormAction<{ note: string }> }

const at = (errors: readonly { pointer: string; message: string }[]) =>
  errors.filter(({ pointer }) => pointer === '/note').map(({ message }) => message)

/** Records that this person has reviewed exactly what the page shows. */
export function SignOffForm({ from, to, digest, signOff }: Props) {
  const { answer, form } = useFormAnswer(signOff, () => note.forget())
  const note = useTextDraft(`sign-off ${from} ${to}`, answer.kept.note)
  useTypedText(form.ref, 'note', note)
  const problems = at(answer.error?.errors ?? [])
  return (
    <form {...form} className="mt-3 max-w-[72ch] space-y-3">
      {Object.entries({ from, to, digest }).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      <Field
        id="sign-off-note"
        label="Note"
        hint="What you reviewed, and what follows from it. It becomes an event of the log."
        problems={problems}
      >
        <textarea
          id="sign-off-note"
          name="note"
          className="control"
          rows={3}
          required
          maxLength={2000}
          aria-describedby={describedBy('sign-off-note')}
          aria-invalid={problems.length > 0}
          value={note.value}
          onChange={(event) => note.set(event.target.value)}
        />
      </Field>
      <ActionProblem error={answer.error} besides={['note']} />
      <SubmitButton kind="primary" pending="Signing off…">
        Sign off the review
      </SubmitButton>
    </form>
  )
}
