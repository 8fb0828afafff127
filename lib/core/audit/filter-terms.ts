// The terms of the history's filter, as text and as a URL, which use the same keys. Also for the browser: it imports nothing.

export const filterKeys = [
  ...(['text', 'actor', 'cluster', 'namespace', 'request', 'grant', 'entitlement', 'resource', 'severity'] as const),
  ...(['type', 'from', 'to', 'zone'] as const),
] as const
export type FilterKey = (typeof filterKeys)[number]
export type HistoryFilter = Partial<Record<FilterKey, string>>

/** The filter in the query string of the history page, whatever else is in it. */
export const filterInQuery = (query: { get(key: string): string | null }): HistoryFilter =>
  Object.fromEntries(filterKeys.flatMap((key) => [query.get(key) ?? ''].filter(Boolean).map((value) => [key, value])))

/** The text that `parseFilter` turns back into the same filter. */
export const formatFilter = (filter: HistoryFilter): string =>
  filterKeys
    .flatMap((key) => {
      const value = filter[key]?.replaceAll('"', '')
      if (!value) return []
      if (key === 'text') return value.includes(':') ? `"${value}"` : value
      return `${key}:${/\s/.test(value) ? `"${value}"` : value}`
    })
    .join(' ')

/** The query string of the history page, without `?` and without empty values. `extra` adds a cursor or an open row. */
export const queryOf = (filter: HistoryFilter, extra: Record<string, string> = {}): string =>
  new URLSearchParams([
    ...filterKeys.flatMap((key): [string, string][] => (filter[key] ? [[key, filter[key]]] : [])),
    ...Object.entries(extra).filter(([, value]) => value !== ''),
  ]).toString()
