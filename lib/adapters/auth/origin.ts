import { currentPolicy } from '#lib/adapters/policy/current'
import type { Origin } from '#lib/core/access/actor'
import { newReference } from '#lib/observability/reference'
import { noteReference } from '#lib/observability/traces'
import { clientAddressOf } from './client-address.ts'

/** The origin of a call, with a new reference for it. */
export function originOf(headers: Headers, via: Origin['via']): Origin {
  const reference = newReference()
  noteReference(reference)
  return { via, clientAddress: clientAddressOf(headers, currentPolicy().configuration.trustedProxies), reference }
}
