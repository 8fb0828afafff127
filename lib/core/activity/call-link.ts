import type { CallFilter } from '#lib/core/access/activity-resource'

/** A cluster and a time alone are the address of their figures, unless the query has this. */
export const showCalls = { show: 'calls' } as const

/** The address of the calls that match. Its times are exact, so that a shared link keeps showing the same. */
export function hrefOfCalls(filter: CallFilter, cursor?: string): `/activity?${string}` {
  const query = new URLSearchParams()
  const { cluster: _cluster, from: _from, to: _to, ...narrow } = filter
  const isNarrow = Object.values(narrow).some((value) => value !== undefined)
  for (const [name, value] of Object.entries({ ...filter, ...(isNarrow ? {} : showCalls), cursor })) {
    if (value !== undefined) query.set(name, String(value))
  }
  return `/activity?${query}`
}
