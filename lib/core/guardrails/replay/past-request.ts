import type { Verdict } from '#lib/core/access/verdict-resource'
import type { Judged } from './changes.ts'
import type { RecordedRequest } from './recorded-request.ts'

/** A past request, granted or refused, with the answer that it got. */
export type PastRequest = RecordedRequest & {
  /** May the reader learn the facts about the requester? An expression can reveal them. */
  mayKnowRequester: boolean
  /** Of a refused request, only the violations were kept. */
  recorded:
    | { kind: 'request'; judged: Omit<Judged, 'guardrailRequirements'> }
    | { kind: 'refused'; violations: Verdict['violations']; matched: string[] }
}
