import type { CallFilter } from '#lib/core/access/activity-resource'

/** The address of the calls that match. Its times are exact, so that a shared link keeps showing the same. */
export function hrefOfCalls(filter: CallFilter, cursor?: string): `/activity?${string}` {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...filter, cursor })) {
    if (value !== undefined) query.set(name, String(value))
  }
  return `/activity?${query}`
}
