// The filter of the history page. The text that people type and the URL use the same keys.

export const filterKeys = ['actor', 'cluster', 'namespace', 'request', 'grant', 'type', 'from', 'to'] as const
export type FilterKey = (typeof filterKeys)[number]
export type HistoryFilter = Partial<Record<FilterKey, string>>

const isKey = (text: string): text is FilterKey => (filterKeys as readonly string[]).includes(text)

/**
 * Parses text such as `actor:"Mina Okafor" type:grant.ended from:2026-11-01`. If a key is repeated, the last one
 * counts. A word without a key is an id if it looks like one; otherwise it is part of the actor's name.
 */
export function parseFilter(text: string): HistoryFilter {
  const filter: HistoryFilter = {}
  const names: string[] = []
  for (const [, key = '', quoted, bare = ''] of text
    .slice(0, 1000)
    .matchAll(/(?:([a-z]{1,16}):)?(?:"([^"]*)"|(\S+))/g)) {
    const value = quoted ?? bare
    if (isKey(key)) filter[key] = value
    else if (key) names.push(`${key}:${value}`)
    else if (/^req_[0-9a-z]{26}$/.test(value)) filter.request = value
    else if (/^grt_[0-9a-z]{26}$/.test(value)) filter.grant = value
    else names.push(value)
  }
  if (names.length && !filter.actor) filter.actor = names.join(' ')
  return filter
}

/** The text that `parseFilter` turns back into the same filter. */
export const formatFilter = (filter: HistoryFilter): string =>
  filterKeys
    .flatMap((key) => {
      const value = filter[key]?.replaceAll('"', '')
      return value ? [`${key}:${/\s/.test(value) ? `"${value}"` : value}`] : []
    })
    .join(' ')

/** The query string of the history page, without `?` and without empty values. `extra` adds a cursor or an open row. */
export const queryOf = (filter: HistoryFilter, extra: Record<string, string> = {}): string =>
  new URLSearchParams([
    ...filterKeys.flatMap((key): [string, string][] => (filter[key] ? [[key, filter[key]]] : [])),
    ...Object.entries(extra).filter(([, value]) => value !== ''),
  ]).toString()

/**
 * Parses a day or an instant, in UTC; undefined if the text is neither. A day is its first moment. As the end of a
 * range (`until`) it is the first moment of the next day, so that the range includes the day.
 */
export function instantOf(text: string | undefined, until = false): Date | undefined {
  if (!text) return undefined
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text)
  if (!isDay && !/^\d{4}-\d{2}-\d{2}T[0-9:.]+(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) return undefined
  return isDay && until ? new Date(at.getTime() + 86_400_000) : at
}
