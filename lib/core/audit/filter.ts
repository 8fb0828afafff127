// The filter of the history as people type it and as its URL says it: the same words in both.

export const filterKeys = ['actor', 'cluster', 'namespace', 'request', 'grant', 'type', 'from', 'to'] as const
export type FilterKey = (typeof filterKeys)[number]
export type HistoryFilter = Partial<Record<FilterKey, string>>

const isKey = (text: string): text is FilterKey => (filterKeys as readonly string[]).includes(text)

/**
 * `actor:"Mina Okafor" type:grant.ended from:2026-11-01` as a filter. The last of the same key counts. Words without
 * a key that look like an id say which thing they name; any other is the actor, so that typing a name just works.
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

/** The text that `parseFilter` reads back as the same filter. */
export const formatFilter = (filter: HistoryFilter): string =>
  filterKeys
    .flatMap((key) => {
      const value = filter[key]?.replaceAll('"', '')
      return value ? [`${key}:${/\s/.test(value) ? `"${value}"` : value}`] : []
    })
    .join(' ')

/** The query of the history's URL, without `?`; what is empty is left out. `extra` adds a cursor or an open row. */
export const queryOf = (filter: HistoryFilter, extra: Record<string, string> = {}): string =>
  new URLSearchParams([
    ...filterKeys.flatMap((key): [string, string][] => (filter[key] ? [[key, filter[key]]] : [])),
    ...Object.entries(extra).filter(([, value]) => value !== ''),
  ]).toString()

/**
 * A day or an instant as an instant in UTC, or undefined where it is neither. A day alone means its first moment; as
 * the end of a range (`until`) it means the first moment of the next, so that the day itself is in.
 */
export function instantOf(text: string | undefined, until = false): Date | undefined {
  if (!text) return undefined
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text)
  if (!isDay && !/^\d{4}-\d{2}-\d{2}T[0-9:.]+(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) return undefined
  return isDay && until ? new Date(at.getTime() + 86_400_000) : at
}
