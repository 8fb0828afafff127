import { UntrustedText } from '#components/ui/untrusted-text'
import type { CallResource } from '#lib/core/access/activity-resource'
import { calledText } from '#lib/core/activity/words'

type Props = { of: Parameters<typeof calledText>[0] & Pick<CallResource, 'query'> }

/** What was called, and for a call into a pod the command or the options. */
export function Called({ of }: Props) {
  return (
    <>
      <code>
        <UntrustedText>{calledText(of)}</UntrustedText>
      </code>
      {of.query && (
        <code className="block text-muted">
          <UntrustedText>{of.query}</UntrustedText>
        </code>
      )}
    </>
  )
}
