'use client'
import { useRouter } from 'next/navigation'
import { useTransition } from 'react'
import { NavigationBar } from '#components/ui/navigation-bar'
import { type RevocationScope, revocationScopes, scopeText } from '#lib/core/access/revocation-scope'
import { buttonStyle } from '../ui/button-style.ts'

export type Scope = RevocationScope & { label: string; count: number; revocable: number }

const groups = { person: 'People', entitlement: 'Entitlements', namespace: 'Namespaces', cluster: 'Clusters' }

/** Narrows live access to one person, entitlement, namespace or cluster. The choice is in the address. */
export function ScopeFilter({ scopes, chosen }: { scopes: Scope[]; chosen: RevocationScope | null }) {
  const router = useRouter()
  const [isPending, start] = useTransition()
  const value = chosen ? scopeText(chosen) : ''
  const isGone = chosen !== null && !scopes.some((scope) => scopeText(scope) === value)
  return (
    <form action="/live" className="flex flex-wrap items-center gap-2 pb-4">
      <NavigationBar pending={isPending} />
      <label className="flex min-w-0 flex-wrap items-center gap-2">
        <span className="text-muted">Show</span>
        <select
          key={value}
          name="scope"
          data-search=""
          className="control w-auto! max-w-full"
          defaultValue={value}
          onChange={(event) => {
            const scope = event.target.value
            start(() => router.replace(scope ? `/live?scope=${encodeURIComponent(scope)}` : '/live'))
          }}
        >
          <option value="">all live access</option>
          {isGone && <option value={value}>{chosen.name} (0)</option>}
          {revocationScopes.map((by) => (
            <optgroup key={by} label={groups[by]}>
              {scopes
                .filter((scope) => scope.by === by)
                .map((scope) => (
                  <option key={scope.name} value={scopeText(scope)}>
                    {scope.label} ({scope.count})
                  </option>
                ))}
            </optgroup>
          ))}
        </select>
      </label>
      <noscript>
        <button type="submit" className={buttonStyle('plain')}>
          Apply
        </button>
      </noscript>
    </form>
  )
}
