import type { Metadata } from 'next'
import { BareLayout } from '#components/layout/bare-layout'
import { LinkButton } from '#components/ui/link-button'

export const metadata: Metadata = { title: 'Signed out' }

export default function SignedOutPage() {
  return (
    <BareLayout title="You are signed out">
      <p className="text-muted">
        Your session is over, here and at the identity provider. Access that you hold in a cluster goes on until its
        time is over, or until you or an approver end it.
      </p>
      <p className="mt-6">
        <LinkButton kind="primary" wide href="/sign-in">
          Sign in
        </LinkButton>
      </p>
    </BareLayout>
  )
}
