import { buttonStyle } from './button-style.ts'
import { describedBy, Field } from './field.tsx'

type QueryField = {
  /** Also its name in the address. */
  id: string
  label: string
  value: string
  placeholder?: string
  problem?: string | null
  optional?: boolean
}

type Props = { action: '/activity' | '/history/access' | '/history/review'; submit: string; fields: QueryField[] }

/** Times and names that become the address of the page. A plain form: it works without scripts, and its address can be shared. */
export function QueryForm({ action, submit, fields }: Props) {
  return (
    <search>
      <form action={action} className="flex flex-wrap items-start gap-3">
        {fields.map(({ id, label, value, placeholder, problem, optional = false }) => (
          <div key={id} className="w-full max-w-64">
            <Field id={id} label={label} optional={optional} problems={problem ? [problem] : []}>
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
          {submit}
        </button>
      </form>
    </search>
  )
}
