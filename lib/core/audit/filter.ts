// Reads and checks the filter of the history page.
import { idPrefixes, idSchema } from '#lib/core/access/ids'
import { nearest } from '#lib/core/access/nearest'
import { severities } from '#lib/core/access/severity'
import { isTimeZone } from '#lib/core/access/time-zone'
import { auditEventTypes } from './events.ts'
import { type FilterKey, filterKeys, type HistoryFilter } from './filter-terms.ts'
import { instantOf } from './when.ts'

const isKey = (text: string): text is FilterKey => (filterKeys as readonly string[]).includes(text)

const didYouMean = (word: string, known: readonly string[], suffix = '') => {
  const best = nearest(word, known)
  return best ? ` Did you mean ${best}${suffix}?` : ''
}

const unknownKey = (key: string) =>
  `${key}: is not a filter.${didYouMean(key, filterKeys, ':')} To search for the text itself, put it in quotes.`

/** Longer input is cut. */
const maxLength = 1000

/**
 * Parses text such as `actor:"Mina Okafor" type:grant.ended from:yesterday`. A word without a key is an id if it looks
 * like one; otherwise it is searched for. `problems` are sentences about what is not a filter.
 */
export function parseFilter(text: string): { filter: HistoryFilter; problems: string[] } {
  const filter: HistoryFilter = {}
  const problems: string[] = []
  const words: string[] = []
  const set = (key: FilterKey, value: string) => {
    if (filter[key] !== undefined) problems.push(`${key}: is there twice. Only one can apply.`)
    filter[key] = value
  }
  const pattern = /(?:([A-Za-z]{1,16}):)?(?:"([^"]*)"|(\S+))/g
  for (const [, written = '', quoted, bare = ''] of text.slice(0, maxLength).matchAll(pattern)) {
    const key = written.toLowerCase()
    const value = quoted ?? bare
    if (isKey(key)) set(key, value)
    else if (key) problems.push(unknownKey(key))
    else if (quoted !== undefined) words.push(quoted)
    else if (idSchema('request').safeParse(bare).success) set('request', bare)
    else if (idSchema('grant').safeParse(bare).success) set('grant', bare)
    else words.push(bare)
  }
  const searched = words.join(' ').trim()
  if (searched) set('text', searched)
  return { filter, problems }
}

type Checked = { from?: string; to?: string; problems: string[] }

const timeSentence = (key: string) =>
  `${key}: must be a date or time, such as 2026-11-01, "1 Nov 09:00", yesterday or "2 hours ago".`

/** The range of a filter as RFC 3339, and a sentence for each value that cannot be right. */
export function checkFilter(filter: HistoryFilter, now: Date): Checked {
  const problems: string[] = []
  const { zone = 'UTC', type, severity } = filter
  if (!isTimeZone(zone)) problems.push('zone: must be a time zone such as Europe/Berlin.')
  const at = (key: 'from' | 'to') => {
    const text = filter[key]
    if (!text || !isTimeZone(zone)) return undefined
    const instant = instantOf(text, { now, zone, until: key === 'to' })
    if (!instant) problems.push(timeSentence(key))
    return instant?.toISOString()
  }
  const [from, to] = [at('from'), at('to')]
  if (from && to && from >= to) problems.push('from: must be before to:.')
  if (type && !(auditEventTypes as readonly string[]).includes(type))
    problems.push(`type: must be a type of event.${didYouMean(type, auditEventTypes)}`)
  if (severity && !(severities as readonly string[]).includes(severity))
    problems.push(`severity: must be ${severities.slice(0, -1).join(', ')} or ${severities.at(-1)}.`)
  for (const kind of ['request', 'grant'] as const)
    if (filter[kind] && !idSchema(kind).safeParse(filter[kind]).success)
      problems.push(`${kind}: must be an id that begins with ${idPrefixes[kind]}_.`)
  return { ...(from ? { from } : {}), ...(to ? { to } : {}), problems }
}
