import { describedBy, Field } from '#components/ui/field'
import { buttonStyle } from '../ui/button-style.ts'

type Props = {
  at: string
  cluster: string
  namespace: string
  /** In which a typed time is read. */
  zone: string
  problem: string | null
}

/** The moment and the filter. A plain form: it works without scripts, and its address can be shared. */
export function AccessAtForm({ at, cluster, namespace, zone, problem }: Props) {
  const fields = [
    { id: 'cluster', label: 'Cluster', value: cluster },
    { id: 'namespace', label: 'Namespace', value: namespace },
  ]
  return (
    <search>
      <form action="/history/access" className="flex flex-wrap items-start gap-3">
        <div className="w-full max-w-80">
          <Field id="at" label={`Time (${zone})`} problems={problem ? [problem] : []}>
            <input
              id="at"
              name="at"
              key={at}
              defaultValue={at}
              placeholder="now, or yesterday 14:00"
              maxLength={40}
              autoComplete="off"
              aria-invalid={problem !== null}
              aria-describedby={describedBy('at')}
              className="control"
            />
          </Field>
        </div>
        {fields.map(({ id, label, value }) => (
          <div key={id} className="w-full max-w-48">
            <Field id={id} label={label} optional>
              <input
                id={id}
                name={id}
                key={value}
                defaultValue={value}
                maxLength={253}
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                className="control"
              />
            </Field>
          </div>
        ))}
        <button type="submit" className={`${buttonStyle()} mt-7`}>
          Show access
        </button>
      </form>
    </search>
  )
}
