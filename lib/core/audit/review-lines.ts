import type { AccessReview } from '#lib/core/access/access-review'
import { csvLine } from './csv.ts'

const heads = [
  'what',
  'entitlement',
  'person',
  'email',
  'other',
  'count',
  'of',
  'used',
  'held',
  'detail',
  'requestId',
  'time',
]

type Row = Partial<Record<(typeof heads)[number], string | number | null>>

const line = (row: Row) =>
  csvLine(heads.map((head) => (row[head] === null || row[head] === undefined ? '' : String(row[head]))))

/** A review as one table: `what` says which part of it a line is. */
export function reviewInCsv({ access, unused, pairs, fast, breakGlass }: AccessReview): string {
  return [
    csvLine(heads),
    ...access.map(({ entitlement, person, granted, used, held, lastAt }) =>
      line({
        what: 'access',
        entitlement,
        person: person.name,
        email: person.email,
        count: granted,
        used,
        held,
        time: lastAt,
      }),
    ),
    ...unused.map((entitlement) => line({ what: 'unused entitlement', entitlement })),
    ...pairs.map(({ approver, requester, approved, ofDecisions }) =>
      line({
        what: 'approved every request',
        person: approver.name,
        other: requester.name,
        count: approved,
        of: ofDecisions,
      }),
    ),
    ...fast.map(({ approver, requester, entitlement, seconds, decision, requestId, at }) =>
      line({
        ...{ what: 'fast decision', entitlement, person: approver.name, other: requester.name },
        ...{ count: seconds, detail: decision, requestId, time: at },
      }),
    ),
    ...breakGlass.map(({ person, entitlement, outcome, reviewer, requestId, at }) =>
      line({
        ...{ what: 'break-glass access', entitlement, person: person.name, other: reviewer },
        ...{ detail: outcome ?? 'not reviewed', requestId, time: at },
      }),
    ),
  ].join('')
}
