'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { describedBy, Field, Problems } from '#components/ui/field'
import { SubmitButton } from '#components/ui/submit-button'
import type { FormAction } from '#lib/core/access/action-result'
import { capitalized } from '#lib/core/access/capitalized'
import type { QuietHoursDraft } from '#lib/core/access/form-input'
import type { QuietHours } from '#lib/core/access/quiet-hours'
import { quietHoursInWords, weekdays } from '#lib/core/access/quiet-hours-in-words'
import { problemsAt } from '../ui/problems-at.ts'
import { useFormAnswer } from '../ui/use-form-answer.ts'

type Props = {
  quietHours: QuietHours | null
  /** The zone of the reader, which is chosen at first. */
  zone: string
  zones: string[]
  save: FormAction<QuietHoursDraft>
  end: FormAction
}

/** When the mails to a person wait, or that they no longer do. */
export function QuietHoursForm({ quietHours, zone, zones, save, end }: Props) {
  const { answer, form } = useFormAnswer(save)
  const ended = useFormAnswer(end)
  if (quietHours)
    return (
      <form {...ended.form} className="max-w-xl space-y-3">
        <p role="status">Your notices wait from {quietHoursInWords(quietHours)}.</p>
        <ActionProblem error={ended.answer.error} />
        <SubmitButton pending="Ending…">End the quiet hours</SubmitButton>
      </form>
    )
  const { kept, error } = answer
  const problemsOf = (field: keyof QuietHoursDraft) => problemsAt(`quietHours/${field}`, error?.errors ?? [])
  const control = (field: 'from' | 'until' | 'zone', initial: string) => ({
    ...{ id: `quiet-${field}`, name: field, className: 'control', defaultValue: kept[field] ?? initial },
    ...{ 'aria-describedby': describedBy(`quiet-${field}`), 'aria-invalid': problemsOf(field).length > 0 },
    required: true,
  })
  return (
    <form {...form} className="max-w-xl space-y-4">
      <p className="text-dense text-muted">
        Mails and browser notifications that can wait arrive when your quiet hours end: one for each request, and none
        about requests that were handled by then. Escalations, break-glass access and what happens to access that you
        use reach you at any hour, and so does everything while you are on call.
      </p>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field id="quiet-from" label="From" problems={problemsOf('from')}>
          <input type="time" {...control('from', '22:00')} />
        </Field>
        <Field id="quiet-until" label="Until" hint="If earlier, of the next day." problems={problemsOf('until')}>
          <input type="time" {...control('until', '07:00')} />
        </Field>
      </div>
      <fieldset aria-describedby="quiet-days-help">
        <legend className="mb-1 font-strong">Beginning on</legend>
        <div className="flex flex-wrap gap-x-5">
          {weekdays.map((day) => (
            <label key={day} className="flex min-h-8 items-center gap-2">
              <input
                type="checkbox"
                name="days"
                value={day}
                defaultChecked={kept.days?.includes(day) ?? true}
                className="size-4 shrink-0"
              />
              {capitalized(day)}
            </label>
          ))}
        </div>
        <div id="quiet-days-help">
          <Problems of={problemsOf('days')} />
        </div>
      </fieldset>
      <Field id="quiet-zone" label="Time zone of your quiet hours" problems={problemsOf('zone')}>
        <select {...control('zone', zone)}>
          {[...new Set([zone, ...zones])].map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </Field>
      <ActionProblem error={error} />
      <SubmitButton pending="Saving…">Save the quiet hours</SubmitButton>
    </form>
  )
}
