import type { ReactNode } from 'react'

type Props = {
  id: string
  label: string
  hint?: ReactNode
  problems?: string[]
  optional?: boolean
  /** A remark beside the label, such as who can read the field. */
  aside?: ReactNode
  children: ReactNode
}

/**
 * A labelled control. The control inside must have this `id`, and `aria-describedby={describedBy(id)}` so that screen
 * readers read the hint and the problems with it.
 */
export function Field({ id, label, hint, problems = [], optional = false, aside, children }: Props) {
  return (
    <div>
      <div className="mb-1 flex items-baseline justify-between gap-3">
        <label htmlFor={id} className="font-strong">
          {label}
        </label>
        {(aside || optional) && <span className="text-dense text-muted">{aside ?? 'optional'}</span>}
      </div>
      {children}
      <div id={`${id}-help`} className="text-dense">
        {hint && <p className="mt-1 text-muted">{hint}</p>}
        <Problems of={problems} />
      </div>
    </div>
  )
}

export const describedBy = (id: string) => `${id}-help`

/** The problems of a field, one per line, with a sign beside the colour. */
export function Problems({ of }: { of: string[] }) {
  return of.map((problem) => (
    <p key={problem} className="mt-1 flex gap-1.5 text-dense text-bad">
      <span aria-hidden>✕</span>
      {problem}
    </p>
  ))
}
