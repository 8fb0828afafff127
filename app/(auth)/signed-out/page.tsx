import type { Metadata } from 'next'
import { BareLayout } from '#components/layout/bare-layout'
import { LinkButton } from '#components/ui/link-button'

export const metadata: Metadata = { title: 'Signed out' }

export default function SignedOutPage() {
  return (
    <BareLayout title="You are signed out">
      <p className="text-muted">
        Your session has ended here and at the identity provider. Access you hold in a cluster continues until it
        expires, or until you or an approver ends it.
      </p>
      <p className="mt-6">
        <LinkButton kind="primary" wide href="/sign-in">
          Sign in
        </LinkButton>
      </p>
    </BareLayout>
  )
}
