'use client'
import { useRouter } from 'next/navigation'
import { type FormEvent, type ReactNode, useTransition } from 'react'
import { NavigationBar } from './navigation-bar.tsx'

type Props = { action: '/inbox' | '/live'; label: string; className: string; children: ReactNode }

/**
 * A form whose fields are the query of a page: a choice applies at once, a search with Enter. Without scripts it is sent
 * with its button. Its fields are rendered on the server, so that no page loads them twice.
 */
export function AddressForm({ action, label, className, children }: Props) {
  const router = useRouter()
  const [isPending, start] = useTransition()
  function apply(form: HTMLFormElement) {
    const chosen = [...new FormData(form)].map(([name, value]): [string, string] => [name, String(value)])
    const query = new URLSearchParams(chosen.filter(([, value]) => value !== '')).toString()
    start(() => router.replace(query ? `${action}?${query}` : action, { scroll: false }))
  }
  return (
    <form
      action={action}
      aria-label={label}
      className={className}
      onSubmit={(event: FormEvent<HTMLFormElement>) => {
        event.preventDefault()
        apply(event.currentTarget)
      }}
      onChange={(event: FormEvent<HTMLFormElement>) => {
        if ((event.target as HTMLElement).getAttribute('type') !== 'search') apply(event.currentTarget)
      }}
    >
      <NavigationBar pending={isPending} />
      {children}
    </form>
  )
}
