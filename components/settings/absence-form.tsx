'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { describedBy, Field } from '#components/ui/field'
import { SubmitButton } from '#components/ui/submit-button'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FormAction } from '#lib/core/access/action-result'
import { problemsAt } from '../ui/problems-at.ts'
import { useFormAnswer } from '../ui/use-form-answer.ts'

export type AbsenceDraft = { from: string; until: string; delegate: string }

type Props = {
  absence: { from: string; until: string; delegate: string } | null
  /** The zone of the reader, in which the days begin and end. */
  zone: string
  save: FormAction<AbsenceDraft>
  end: FormAction
}

/** When a person is away and who is notified instead of them, or that they are back. */
export function AbsenceForm({ absence, zone, save, end }: Props) {
  const { answer, form } = useFormAnswer(save)
  const back = useFormAnswer(end)
  if (absence)
    return (
      <form {...back.form} className="max-w-xl space-y-3">
        <p role="status">
          You are away from <Time at={absence.from} as="exact" /> until <Time at={absence.until} as="exact" />.{' '}
          <UntrustedText>{absence.delegate}</UntrustedText> is notified instead.
        </p>
        <ActionProblem error={back.answer.error} />
        <SubmitButton pending="Ending…">End the absence</SubmitButton>
      </form>
    )
  const problemsOf = (field: keyof AbsenceDraft) => problemsAt(field, answer.error?.errors ?? [])
  const control = (field: keyof AbsenceDraft) => ({
    ...{ id: `away-${field}`, name: field, className: 'control', defaultValue: answer.kept[field] ?? '' },
    ...{ 'aria-describedby': describedBy(`away-${field}`), 'aria-invalid': problemsOf(field).length > 0 },
    required: true,
  })
  return (
    <form {...form} className="max-w-xl space-y-4">
      <p className="text-dense text-muted">
        While you are away, a colleague receives the mails about requests of others that would go to you, as far as they
        may read these requests too. This changes who receives the mails, not who may decide.
      </p>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field id="away-from" label="First day" problems={problemsOf('from')} hint={`in ${zone}`}>
          <input type="date" {...control('from')} />
        </Field>
        <Field id="away-until" label="Last day" problems={problemsOf('until')}>
          <input type="date" {...control('until')} />
        </Field>
      </div>
      <Field
        id="away-delegate"
        label="Colleague"
        hint="The e-mail address of someone in a group of yours."
        problems={problemsOf('delegate')}
      >
        <input type="text" autoComplete="off" maxLength={320} {...control('delegate')} />
      </Field>
      <ActionProblem error={answer.error} />
      <SubmitButton pending="Saving…">Save the absence</SubmitButton>
    </form>
  )
}
