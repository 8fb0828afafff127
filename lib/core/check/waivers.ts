// What in a manifest did somebody decide to live with, until when, and why?
import type { Judged } from './finding.ts'
import type { PlacedObject } from './rbac-objects.ts'
import type { Range, Source } from './source.ts'

/** `until` is the last day on which it holds, in UTC. */
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

/** Waivers in comments, for whichever object of the document they stand at. */
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

/** The object that a comment stands in, else the next one after it, else the last. */
function ownerOf([at]: Range, objects: readonly PlacedObject[]): PlacedObject | undefined {
  return (
    objects.find(({ range }) => range[0] <= at && at < range[1]) ??
    objects.find(({ range }) => range[0] > at) ??
    objects.at(-1)
  )
}

/** Every waiver of a document, by the object that it is for. */
export function waiversOf(source: Source, objects: readonly PlacedObject[]): Map<PlacedObject, (Waiver | Malformed)[]> {
  const found = new Map(objects.map((object) => [object, inAnnotation(object)]))
  if (!source.text.includes('postern:waive')) return found
  for (const waiver of inComments(source)) {
    const owner = ownerOf(waiver.range, objects)
    if (owner) found.get(owner)?.push(waiver)
  }
  return found
}

const told = (id: string, severity: Judged['severity'], sentence: string, place: Judged['places'][0]): Judged => ({
  id,
  severity,
  sentence,
  because: [],
  outlives: null,
  includes: [],
  places: [place],
  substance: sentence,
})

/** The waivers of one object, and what has to be said of them once everything is judged. */
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

  /** The waiver in force for such a finding. */
  find(id: string): { until: string; reason: string } | null {
    const meant = this.#waivers.filter((waiver) => waiver.id === id)
    for (const waiver of meant) waiver.isUsed = true
    const policyForTrial = meant.find(({ until }) => until >= this.#today)
    return policyForTrial ? { until: policyForTrial.until, reason: policyForTrial.reason } : null
  }

  /** Call it last: it says which were not needed. */
  told(): Judged[] {
    return [
      ...this.#malformed.map((place) =>
        told('waiver-malformed', 'medium', 'This waives nothing: write "ID until 2026-12-31: why".', place),
      ),
      ...this.#waivers.flatMap(({ id, until, isUsed, place }) => {
        if (!isUsed) return [told('waiver-unused', 'low', `Waives ${id}, which is not found here: take it out.`, place)]
        if (until >= this.#today) return []
        return [told('waiver-expired', 'medium', `The waiver of ${id} ended with ${until}.`, place)]
      }),
    ]
  }
}
