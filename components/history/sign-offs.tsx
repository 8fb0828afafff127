import { Section } from '#components/ui/section'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { type AccessReview, ownReview } from '#lib/core/access/access-review'
import type { FormAction } from '#lib/core/access/action-result'
import { SignOffForm } from './sign-off-form.tsx'

type Props = { review: AccessReview; signOff: FormAction<{ note: string }> }

/** Who has reviewed this period, and the form to do so. */
export function SignOffs({ review, signOff }: Props) {
  const { signOffs, isOver, isOwn, from, to, digest } = review
  return (
    <Section id="sign-off" title="Sign-off">
      {signOffs.length === 0 ? (
        <p>No one has signed off this period.</p>
      ) : (
        <ul className="space-y-1">
          {signOffs.map((one) => (
            <li key={`${one.at} ${one.by}`}>
              <UntrustedText>{one.by}</UntrustedText>, <Time at={one.at} as="exact" withZone />:{' '}
              <UntrustedText lines>{one.note}</UntrustedText>
              {!one.isCurrent && <span className="text-muted"> (the review has changed since)</span>}
            </li>
          ))}
        </ul>
      )}
      {!isOver && <p>It can be signed off once the period is over.</p>}
      {isOver && isOwn && <p>{ownReview}</p>}
      {isOver && !isOwn && <SignOffForm from={from} to={to} digest={digest} signOff={signOff} />}
    </Section>
  )
}
