'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { SubmitButton } from '#components/ui/submit-button'
import type { FormAction } from '#lib/core/access/action-result'
import { useFormAnswer } from '../ui/use-form-answer.ts'

type Props = { cluster: string; judgedAt: string; take: FormAction }

/** Takes the posture that this page shows as the baseline. */
export function TakeBaseline({ cluster, judgedAt, take }: Props) {
  const { answer, form } = useFormAnswer(take)
  return (
    <form {...form} className="my-3">
      <input type="hidden" name="cluster" value={cluster} />
      <input type="hidden" name="judgedAt" value={judgedAt} />
      <SubmitButton pending="Taking a baseline…">Take a baseline</SubmitButton>
      <ActionProblem error={answer.error} />
    </form>
  )
}
