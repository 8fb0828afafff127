'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { describedBy, Field } from '#components/ui/field'
import { SubmitButton } from '#components/ui/submit-button'
import type { FormAction } from '#lib/core/access/action-result'
import { problemsAt } from '../ui/problems-at.ts'
import { useFormAnswer } from '../ui/use-form-answer.ts'

export type AcceptFindingAction = FormAction<{ reason: string; owner: string; until: string }>

type Props = {
  cluster: string
  finding: { id: string; digest: string }
  /** The last day that postern.yaml permits. */
  lastDay: string
  accept: AcceptFindingAction
}

/** Accepts the risk of one finding until the end of a day. */
export function AcceptFinding({ cluster, finding: { id, digest }, lastDay, accept }: Props) {
  const { answer, form } = useFormAnswer(accept)
  const problems = (name: string) => problemsAt(name, answer.error?.errors ?? [])
  const control = (name: 'reason' | 'owner' | 'until') => ({
    ...{ id: `${name}-${id}`, name, className: 'control', required: true, defaultValue: answer.kept[name] },
    ...{ 'aria-describedby': describedBy(`${name}-${id}`), 'aria-invalid': problems(name).length > 0 },
  })
  return (
    <form {...form} className="mt-2 max-w-[72ch] space-y-3">
      <input type="hidden" name="cluster" value={cluster} />
      <input type="hidden" name="id" value={id} />
      <input type="hidden" name="digest" value={digest} />
      <Field
        id={`reason-${id}`}
        label="Reason"
        hint="Visible to auditors and in the history."
        problems={problems('reason')}
      >
        <textarea {...control('reason')} rows={2} maxLength={2000} />
      </Field>
      <Field
        id={`owner-${id}`}
        label="Owner"
        hint="The person or team who is responsible for this access."
        problems={problems('owner')}
      >
        <input {...control('owner')} maxLength={120} />
      </Field>
      <Field
        id={`until-${id}`}
        label="Until"
        hint={`The end of this day (UTC), no later than ${lastDay}. The finding comes back then, or when it changes.`}
        problems={problems('until')}
      >
        <input {...control('until')} type="date" max={lastDay} />
      </Field>
      <ActionProblem error={answer.error} besides={['reason', 'owner', 'until']} />
      <SubmitButton pending="Accepting…">Accept the risk</SubmitButton>
    </form>
  )
}
