// What a bulk revocation ends: all live access of one person, of one entitlement, in one namespace or on one cluster. The
// browser loads this file, so the schemas are in another one.
import { unprintable } from './unprintable.ts'

export const revocationScopes = ['person', 'entitlement', 'namespace', 'cluster'] as const
export type RevocationScope = { by: (typeof revocationScopes)[number]; name: string }

/** A name in a scope: one line, without characters that are invisible or reorder text. */
export const scopeName = new RegExp(`^[^${unprintable}]{1,320}$`, 'u')

/** A scope in the address of a page: `cluster:prod-eu`. */
export const scopeText = ({ by, name }: RevocationScope): string => `${by}:${name}`

/** The scope of such a text; null for anything that is none. */
export function scopeIn(text: unknown): RevocationScope | null {
  const [first, ...rest] = typeof text === 'string' ? text.split(':') : []
  const by = revocationScopes.find((one) => one === first)
  const name = rest.join(':')
  return by && scopeName.test(name) && name.isWellFormed() ? { by, name } : null
}

/** The most grants that one call ends. One transaction ends them all, and more would not finish in its time. */
export const mostRevocations = 500
