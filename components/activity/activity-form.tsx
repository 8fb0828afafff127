import { describedBy, Field } from '#components/ui/field'
import { buttonStyle } from '../ui/button-style.ts'

type Props = { cluster: string; from: string; to: string; zone: string; problem: string | null }

/** The cluster and the time. A plain form: it works without scripts, and its address can be shared. */
export function ActivityForm({ cluster, from, to, zone, problem }: Props) {
  const fields = [
    { id: 'cluster', label: 'Cluster', value: cluster, placeholder: 'every cluster' },
    { id: 'from', label: `From (${zone})`, value: from, placeholder: '24 hours ago', problem },
    { id: 'to', label: `To (${zone})`, value: to, placeholder: 'now' },
  ]
  return (
    <search>
      <form action="/activity" className="flex flex-wrap items-start gap-3">
        {fields.map(({ id, label, value, placeholder, problem }) => (
          <div key={id} className="w-full max-w-60">
            <Field id={id} label={label} optional problems={problem ? [problem] : []}>
              <input
                id={id}
                name={id}
                key={value}
                defaultValue={value}
                placeholder={placeholder}
                maxLength={253}
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                aria-invalid={Boolean(problem)}
                aria-describedby={describedBy(id)}
                className="control"
              />
            </Field>
          </div>
        ))}
        <button type="submit" className={`${buttonStyle()} mt-7`}>
          Show activity
        </button>
      </form>
    </search>
  )
}
