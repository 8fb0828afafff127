// Waivers in a manifest: which finding is accepted, until when, and why.
import type { Judged } from './finding.ts'
import type { PlacedObject } from './rbac-objects.ts'
import type { Range, Source } from './source.ts'

/** `until` is its last day, in UTC. */
export type Waiver = { id: string; until: string; reason: string; range: Range }
export type Malformed = { range: Range }

export const waiverAnnotation = 'postern.dev/waive'
const comment = /(?:^|[ \t])#[ \t]*postern:waive\b[ \t]*([^\n]*)/gm
const form = /^([a-z0-9-]{1,63})[ \t]+until[ \t]+(\d{4}-\d{2}-\d{2})[ \t]*:[ \t]*(\S.*)$/

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

function read(text: string, range: Range): Waiver | Malformed {
  const [, id = '', until = '', reason = ''] = form.exec(text.trim()) ?? []
  return id && isDate(until) ? { id, until, reason: reason.trim(), range } : { range }
}

/** The waivers in comments, for any object of the document. */
function inComments({ text }: Source): (Waiver | Malformed)[] {
  return [...text.matchAll(comment)].map((match) => {
    const from = match.index + match[0].indexOf('#')
    return read(match[1] ?? '', [from, match.index + match[0].trimEnd().length])
  })
}

function inAnnotation({ annotations }: PlacedObject): (Waiver | Malformed)[] {
  const annotation = annotations.get(waiverAnnotation)
  const lines = annotation?.value.split('\n').filter((line) => line.trim()) ?? []
  return lines.map((line) => read(line, annotation?.range ?? [0, 0]))
}

/** The object that contains a comment, else the next one after it, else the last one. */
function ownerOf([at]: Range, objects: readonly PlacedObject[]): PlacedObject | undefined {
  return (
    objects.find(({ range }) => range[0] <= at && at < range[1]) ??
    objects.find(({ range }) => range[0] > at) ??
    objects.at(-1)
  )
}

/** Every waiver of a document, by its object. */
export function waiversOf(source: Source, objects: readonly PlacedObject[]): Map<PlacedObject, (Waiver | Malformed)[]> {
  const found = new Map(objects.map((object) => [object, inAnnotation(object)]))
  if (!source.text.includes('postern:waive')) return found
  for (const waiver of inComments(source)) {
    const owner = ownerOf(waiver.range, objects)
    if (owner) found.get(owner)?.push(waiver)
  }
  return found
}

const findingOf = (id: string, severity: Judged['severity'], sentence: string, place: Judged['places'][0]): Judged => ({
  id,
  severity,
  sentence,
  because: [],
  outlives: null,
  includes: [],
  places: [place],
  substance: sentence,
})

/** The waivers of one object, and the findings about them. */
export class Waivers {
  readonly #waivers: (Waiver & { place: Judged['places'][0]; isUsed: boolean })[] = []
  readonly #malformed: Judged['places'][0][] = []
  readonly #today: string

  /** @param today in UTC, as 2026-11-25 */
  constructor(found: readonly (Waiver | Malformed)[], source: Source, today: string) {
    this.#today = today
    for (const waiver of found) {
      const place = source.placeOf(waiver.range)
      if ('id' in waiver) this.#waivers.push({ ...waiver, place, isUsed: false })
      else this.#malformed.push(place)
    }
  }

  /** The waiver for a finding, unless it has expired. */
  find(id: string): { until: string; reason: string } | null {
    const matching = this.#waivers.filter((waiver) => waiver.id === id)
    for (const waiver of matching) waiver.isUsed = true
    const valid = matching.find(({ until }) => until >= this.#today)
    return valid ? { until: valid.until, reason: valid.reason } : null
  }

  /** NB: call it after `find` for every other finding, because it reports the waivers that were not used. */
  findings(): Judged[] {
    const invalid = 'The waiver is invalid and has no effect. Write "ID until 2026-12-31: reason".'
    return [
      ...this.#malformed.map((place) => findingOf('waiver-malformed', 'medium', invalid, place)),
      ...this.#waivers.flatMap(({ id, until, isUsed, place }) => {
        if (!isUsed) return [findingOf('waiver-unused', 'low', `Waives ${id}, which was not found. Remove it.`, place)]
        if (until >= this.#today) return []
        return [findingOf('waiver-expired', 'medium', `The waiver for ${id} expired after ${until}.`, place)]
      }),
    ]
  }
}
