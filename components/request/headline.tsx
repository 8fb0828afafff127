import { UntrustedText } from '#components/ui/untrusted-text'
import { durationInWords, secondsOf } from '#lib/core/access/duration'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { shownStatus } from './status-mark.tsx'
import { namespacesInWords, verbOf, whatInWords } from './words.ts'

/** The request as one sentence: who can do what, where, for how long. */
export function Headline({ request }: { request: RequestSummary }) {
  const verb = verbOf(shownStatus(request), request.grant !== null && request.grant.activatedAt === null)
  return (
    <>
      {request.agent !== null && (
        <>
          An agent (<UntrustedText>{request.agent}</UntrustedText>) for{' '}
        </>
      )}
      <UntrustedText>{request.requester.name}</UntrustedText> {verb}{' '}
      <UntrustedText>{whatInWords(request)}</UntrustedText> in{' '}
      <UntrustedText>{namespacesInWords(request.namespaces)}</UntrustedText> on{' '}
      <UntrustedText>{request.cluster}</UntrustedText> for {durationInWords(secondsOf(request.duration))}
    </>
  )
}
