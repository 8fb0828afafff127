import { describedBy, Field, Problems } from '#components/ui/field'
import { buttonStyle } from '../ui/button-style.ts'

type Props = {
  typed: { from: string; to: string }
  /** In which a typed time is read. */
  zone: string
  problem: string | null
}

/** The period of a review. A plain form: it works without scripts, and its address can be shared. */
export function PeriodForm({ typed, zone, problem }: Props) {
  const fields = [
    { id: 'from', label: `From (${zone})`, value: typed.from, placeholder: '30 days before' },
    { id: 'to', label: `Until (${zone})`, value: typed.to, placeholder: 'now' },
  ]
  return (
    <search>
      <form action="/history/review" className="flex flex-wrap items-start gap-3">
        {fields.map(({ id, label, value, placeholder }) => (
          <div key={id} className="w-full max-w-64">
            <Field id={id} label={label}>
              <input
                id={id}
                name={id}
                key={value}
                defaultValue={value}
                placeholder={placeholder}
                maxLength={40}
                autoComplete="off"
                aria-invalid={problem !== null}
                aria-describedby={describedBy(id)}
                className="control"
              />
            </Field>
          </div>
        ))}
        <button type="submit" className={`${buttonStyle()} mt-7`}>
          Show review
        </button>
      </form>
      <Problems of={problem ? [problem] : []} />
    </search>
  )
}
