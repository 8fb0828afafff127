// What every SARIF 2.1.0 report of Postern says the same way.
import type { Severity } from './severity.ts'

export const sarifVersion = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0' }

export const sarifLevels: Record<Severity, 'error' | 'warning' | 'note'> = {
  high: 'error',
  medium: 'warning',
  low: 'note',
}

/** GitHub maps 9.0 and higher to critical, and 4.0 and higher to medium. */
const scores: Record<Severity, string> = { high: '9.0', medium: '6.0', low: '2.0' }

/** A rule for each check that was found. */
export const sarifRule = (id: string, severity: Severity, text: string) => ({
  id,
  shortDescription: { text },
  defaultConfiguration: { level: sarifLevels[severity] },
  properties: { tags: ['security'], 'security-severity': scores[severity] },
})
