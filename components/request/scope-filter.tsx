import { AddressForm } from '#components/ui/address-form'
import { type RevocationScope, revocationScopes, scopeText } from '#lib/core/access/revocation-scope'
import { buttonStyle } from '../ui/button-style.ts'

export type Scope = RevocationScope & { label: string; count: number; revocable: number }

const groups = { person: 'People', entitlement: 'Entitlements', namespace: 'Namespaces', cluster: 'Clusters' }

/** Narrows live access to one person, entitlement, namespace or cluster. The choice is in the address. */
export function ScopeFilter({ scopes, chosen }: { scopes: Scope[]; chosen: RevocationScope | null }) {
  const value = chosen ? scopeText(chosen) : ''
  const isGone = chosen !== null && !scopes.some((scope) => scopeText(scope) === value)
  return (
    <AddressForm action="/live" label="Narrow live access" className="flex flex-wrap items-center gap-2 pb-4">
      <label className="flex min-w-0 flex-wrap items-center gap-2">
        <span className="text-muted">Show</span>
        <select key={value} name="scope" data-search="" className="control w-auto! max-w-full" defaultValue={value}>
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
    </AddressForm>
  )
}
