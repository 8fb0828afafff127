'use client'
import { Icon } from '#components/ui/icon'
import { Link } from '#components/ui/link'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FormAction } from '#lib/core/access/action-result'
import { useFormAnswer } from '../ui/use-form-answer.ts'

type Entitlement = { name: string; title: string; detail: string; isFavourite: boolean }
type Props = { entitlements: Entitlement[]; star: FormAction }

const hrefOf = (name: string) => `/requests/new?entitlement=${encodeURIComponent(name)}` as const

/** The starred entitlements, one click from their form, and below them all that a person can request. */
export function Favourites({ entitlements, star }: Props) {
  const starred = entitlements.filter(({ isFavourite }) => isFavourite)
  return (
    <section aria-labelledby="favourites" className="mt-6">
      <h2 id="favourites" className="sr-only">
        Favourites
      </h2>
      {starred.length > 0 && (
        <ul aria-label="Favourites" className="mb-2 flex flex-wrap gap-2">
          {starred.map(({ name, title }) => (
            <li key={name} className="min-w-0">
              <Link
                href={hrefOf(name)}
                className="inline-flex min-h-8 max-w-full items-center gap-1.5 rounded-sm border border-edge px-2.5 hover:bg-hover"
              >
                <span className="text-accent">
                  <Icon name="starred" />
                </span>
                <span className="truncate">
                  <UntrustedText>{title}</UntrustedText>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      <details>
        <summary className="min-h-6 text-dense text-muted">
          {entitlements.length === 1 ? 'The entitlement' : `All ${entitlements.length} entitlements`} you can request
        </summary>
        <ul className="mt-1 border-t border-line">
          {entitlements.map((one) => (
            <li key={one.name} className="flex min-h-10 items-center gap-1 border-b border-line">
              <Star entitlement={one} star={star} />
              <Link
                href={hrefOf(one.name)}
                className="flex min-h-10 min-w-0 flex-1 flex-wrap items-center justify-between gap-x-4 px-1 py-1.5 hover:bg-hover"
              >
                <UntrustedText>{one.title}</UntrustedText>
                <code className="min-w-0 text-muted">{one.detail}</code>
              </Link>
            </li>
          ))}
        </ul>
      </details>
    </section>
  )
}

function Star({ entitlement: { name, title, isFavourite }, star }: { entitlement: Entitlement; star: FormAction }) {
  const { answer, form } = useFormAnswer(star)
  return (
    <form {...form}>
      <input type="hidden" name="entitlement" value={name} />
      <button
        type="submit"
        name="favourite"
        value={isFavourite ? 'no' : 'yes'}
        aria-pressed={isFavourite}
        aria-label={`Favourite: ${title}`}
        className="grid size-8 place-items-center rounded-sm text-muted hover:bg-hover hover:text-ink aria-pressed:text-accent"
      >
        <Icon name={isFavourite ? 'starred' : 'star'} />
      </button>
      {answer.error && (
        <span role="alert" className="sr-only">
          {answer.error.sentence}
        </span>
      )}
    </form>
  )
}
