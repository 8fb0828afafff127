import type { Origin } from '#lib/access/actor'
import { newReference } from '#lib/db/ids'
import { currentPolicy } from '#lib/policy/current'
import { clientAddressOf } from './client-address.ts'

/** Where a call came from, with a new reference for it. */
export const originOf = (headers: Headers, via: Origin['via']): Origin => ({
  via,
  clientAddress: clientAddressOf(headers, currentPolicy().configuration.trustedProxies),
  reference: newReference(),
})
