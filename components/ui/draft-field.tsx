'use client'
import type { useTextDraft } from './drafts.tsx'
import { describedBy, Field } from './field.tsx'

type Props = {
  id: string
  name: string
  label: string
  hint?: string
  problems: string[]
  rows?: number
  draft: ReturnType<typeof useTextDraft>
}

/** A required text of several lines, which is kept until it is submitted. */
export function DraftField({ id, name, label, hint, problems, rows, draft }: Props) {
  return (
    <Field id={id} label={label} hint={hint} problems={problems}>
      <textarea
        id={id}
        name={name}
        className="control"
        rows={rows}
        required
        maxLength={2000}
        aria-describedby={describedBy(id)}
        aria-invalid={problems.length > 0}
        value={draft.value}
        onChange={(event) => draft.set(event.target.value)}
      />
    </Field>
  )
}
