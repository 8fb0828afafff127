// What was found when the check was introduced, and is to be mended later: only what is new counts.
import { z } from 'zod'
import { isMoreSevere, severities } from '#lib/core/access/severity'
import { type Finding, objectInWords } from './finding.ts'

const baselineSchema = z.strictObject({
  version: z.literal(1),
  findings: z.array(
    z.strictObject({
      fingerprint: z.string(),
      severity: z.enum(severities),
      /** How many there may be: a copy of a known role is new. */
      count: z.int().min(1),
      /** For whoever reads the file. */
      id: z.string(),
      object: z.string(),
    }),
  ),
})
export type Baseline = z.infer<typeof baselineSchema>

/** @throws Error with what is wrong, in one line */
export function parseBaseline(text: string): Baseline {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('is not JSON')
  }
  const parsed = baselineSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Error(`is no baseline: ${issue?.path.join('.')} ${issue?.message}`)
}

/** A waiver that has ended is to be renewed or taken out: nothing else answers it. */
const isAboutWaiver = ({ id }: Finding) => id.startsWith('waiver-')

/**
 * Marks the findings that the baseline knows as accepted, and gives those of its entries that are gone. What has become
 * graver, or more, is new.
 */
export function applyBaseline({ findings: entries }: Baseline, findings: readonly Finding[]): Baseline['findings'] {
  const left = new Map(entries.map((entry) => [entry.fingerprint, { ...entry }]))
  const met = new Set<string>()
  for (const finding of findings) {
    const entry = left.get(finding.fingerprint)
    if (!entry || finding.accepted || isAboutWaiver(finding) || isMoreSevere(finding.severity, entry.severity)) continue
    met.add(finding.fingerprint)
    if (entry.count === 0) continue
    entry.count--
    finding.accepted = { by: 'baseline' }
  }
  return entries.filter(({ fingerprint }) => !met.has(fingerprint))
}

/** A baseline that knows these findings, in an order that changes little when they change. */
export function baselineOf(findings: readonly Finding[]): Baseline {
  const entries = new Map<string, Baseline['findings'][number]>()
  for (const finding of findings) {
    if (isAboutWaiver(finding)) continue
    const { fingerprint, severity, id, object } = finding
    const known = entries.get(fingerprint)
    if (known) known.count++
    else entries.set(fingerprint, { id, object: objectInWords(object), severity, count: 1, fingerprint })
  }
  const key = ({ object, id, fingerprint }: Baseline['findings'][number]) => `${object} ${id} ${fingerprint}`
  return { version: 1, findings: [...entries.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1)) }
}
