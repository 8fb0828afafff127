'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { describedBy, Field } from '#components/ui/field'
import { SubmitButton } from '#components/ui/submit-button'
import type { FormAction } from '#lib/core/access/action-result'
import { problemsAt } from '../ui/problems-at.ts'
import { useFormAnswer } from '../ui/use-form-answer.ts'

export type WithdrawAcceptanceAction = FormAction<{ note: string }>

type Props = { cluster: string; id: string; withdraw: WithdrawAcceptanceAction }

/** Withdraws the acceptance of one finding. */
export function WithdrawAcceptance({ cluster, id, withdraw }: Props) {
  const { answer, form } = useFormAnswer(withdraw)
  const problems = problemsAt('note', answer.error?.errors ?? [])
  return (
    <form {...form} className="mt-2 max-w-[72ch] space-y-3">
      <input type="hidden" name="cluster" value={cluster} />
      <input type="hidden" name="id" value={id} />
      <Field id={`note-${id}`} label="Note" hint="Why the risk is no longer acceptable." problems={problems}>
        <textarea
          id={`note-${id}`}
          name="note"
          className="control"
          required
          rows={2}
          maxLength={2000}
          defaultValue={answer.kept.note}
          aria-describedby={describedBy(`note-${id}`)}
          aria-invalid={problems.length > 0}
        />
      </Field>
      <ActionProblem error={answer.error} besides={['note']} />
      <SubmitButton pending="Withdrawing…">Withdraw the acceptance</SubmitButton>
    </form>
  )
}
