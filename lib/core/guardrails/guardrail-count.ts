/** What one guardrail did during a number of days. */
export type GuardrailCount = {
  name: string
  /** How many submissions it matched, granted or refused. */
  matched: number
  /** How many submissions it was a reason to refuse. */
  stopped: number
  /** How many approvals it refused although it had not stopped the submission. */
  stoppedDeciding: number
  /** How many grants it stopped before they became active. */
  stoppedGranting: number
  /** Matches per day, the first day of the range first. */
  days: number[]
  /** Whom it matched most often, among the people that the reader may see. */
  people: { id: string; name: string; count: number }[]
  /** How many more people it matched. */
  others: number
}
