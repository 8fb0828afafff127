// A baseline lists the findings that are known, so that only new ones count.
import { z } from 'zod'
import { isMoreSevere, severities } from '#lib/core/access/severity'
import { type Finding, objectInWords } from './finding.ts'

const baselineSchema = z.strictObject({
  version: z.literal(1),
  findings: z.array(
    z.strictObject({
      fingerprint: z.string(),
      severity: z.enum(severities),
      /** How many are known, because a copy of a known role is new. */
      count: z.int().min(1),
      /** For people who read the file. */
      id: z.string(),
      object: z.string(),
    }),
  ),
})
export type Baseline = z.infer<typeof baselineSchema>

/** @throws Error that says what is wrong, on one line */
export function parseBaseline(text: string): Baseline {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('not valid JSON')
  }
  const parsed = baselineSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Error(`not a baseline: ${issue?.path.join('.')} ${issue?.message}`)
}

/** A baseline cannot accept an expired waiver: it has to be renewed or removed. */
const isAboutWaiver = ({ id }: Finding) => id.startsWith('waiver-')

/**
 * Marks the findings of the baseline as accepted, and returns its entries that no longer occur. A finding that is more
 * severe than its entry, or occurs more often, is new.
 */
export function applyBaseline({ findings: entries }: Baseline, findings: readonly Finding[]): Baseline['findings'] {
  const remaining = new Map(entries.map((entry) => [entry.fingerprint, { ...entry }]))
  const found = new Set<string>()
  for (const finding of findings) {
    const entry = remaining.get(finding.fingerprint)
    if (!entry || finding.accepted || isAboutWaiver(finding) || isMoreSevere(finding.severity, entry.severity)) continue
    found.add(finding.fingerprint)
    if (entry.count === 0) continue
    entry.count--
    finding.accepted = { by: 'baseline' }
  }
  return entries.filter(({ fingerprint }) => !found.has(fingerprint))
}

/** A baseline of these findings, in a stable order. */
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
