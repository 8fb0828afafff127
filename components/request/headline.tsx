import type { RequestSummary } from '#lib/core/access/resources'
import { longDuration, secondsOf } from '#lib/core/access/format-time'
import { Said } from '#components/ui/untrusted-text'
import { shownStatus } from './status-mark.tsx'
import { namespacesInWords, verbOf, whatInWords } from './words.ts'

/** The request as one sentence: who may do what, where, for how long. */
export function Headline({ request }: { request: RequestSummary }) {
  const verb = verbOf(shownStatus(request), request.grant !== null && request.grant.activatedAt === null)
  return (
    <>
      <Said>{request.requester.name}</Said> {verb} <Said>{whatInWords(request)}</Said> in{' '}
      <Said>{namespacesInWords(request.namespaces)}</Said> on <Said>{request.cluster}</Said> for{' '}
      {longDuration(secondsOf(request.duration))}
    </>
  )
}
