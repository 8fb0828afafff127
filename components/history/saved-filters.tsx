'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { describedBy, Field } from '#components/ui/field'
import { Icon } from '#components/ui/icon'
import { Link } from '#components/ui/link'
import { SubmitButton } from '#components/ui/submit-button'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FormAction } from '#lib/core/access/action-result'
import { useFormAnswer } from '../ui/use-form-answer.ts'

type Saved = { name: string; query: string }
type Props = {
  saved: Saved[]
  /** The current filter, as in the address; empty without terms. */
  query: string
  save: FormAction<{ name: string }>
  remove: FormAction
}

/** The filters that a person has saved, and a form that saves the current one. */
export function SavedFilters({ saved, query, save, remove }: Props) {
  const isSaved = saved.some((one) => one.query === query)
  const isSavable = query !== '' && !isSaved
  if (saved.length === 0 && !isSavable) return null
  return (
    <div className="mt-2 flex flex-wrap items-start gap-2">
      {saved.length > 0 && (
        <ul aria-label="Saved filters" className="flex min-w-0 flex-wrap gap-2">
          {saved.map((one) => (
            <li key={one.name} className="flex min-w-0 items-stretch rounded-sm border border-line text-dense">
              <Link
                href={`/history?${one.query}`}
                aria-current={one.query === query ? 'true' : undefined}
                className="inline-flex min-h-7 min-w-0 items-center px-2 hover:bg-hover aria-[current]:font-strong"
              >
                <span className="truncate">
                  <UntrustedText>{one.name}</UntrustedText>
                </span>
              </Link>
              <Delete name={one.name} remove={remove} />
            </li>
          ))}
        </ul>
      )}
      {isSavable && <Save query={query} save={save} />}
    </div>
  )
}

function Delete({ name, remove }: { name: string; remove: FormAction }) {
  const { form } = useFormAnswer(remove, () => document.querySelector<HTMLElement>('[data-search]')?.focus())
  return (
    <form {...form} className="flex">
      <input type="hidden" name="name" value={name} />
      <button
        type="submit"
        aria-label={`Delete the saved filter ${name}`}
        className="grid min-h-7 w-7 place-items-center border-l border-line text-muted hover:bg-hover hover:text-ink"
      >
        <Icon name="close" size={12} />
      </button>
    </form>
  )
}

function Save({ query, save }: Pick<Props, 'query' | 'save'>) {
  const { answer, form } = useFormAnswer(save)
  const problems = answer.error?.errors.map(({ message }) => message) ?? []
  return (
    <details className="text-dense" open={answer.error !== null || undefined}>
      <summary className="flex min-h-7 items-center px-1 text-muted">Save this filter</summary>
      <form {...form} className="mt-1 flex flex-wrap items-end gap-2">
        <input type="hidden" name="query" value={query} />
        <Field id="filter-name" label="Name" problems={problems}>
          <input
            id="filter-name"
            name="name"
            className="control"
            required
            maxLength={60}
            autoComplete="off"
            aria-describedby={describedBy('filter-name')}
            aria-invalid={problems.length > 0}
            defaultValue={answer.kept.name}
          />
        </Field>
        <SubmitButton pending="Saving…">Save filter</SubmitButton>
        {problems.length === 0 && <ActionProblem error={answer.error} />}
      </form>
    </details>
  )
}
