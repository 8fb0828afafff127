import type { Metadata } from 'next'
import Link from 'next/link'
import { Lone } from '#components/layout/lone'
import { buttonStyle } from '#components/ui/button-style'

export const metadata: Metadata = { title: 'Signed out' }

export default function SignedOutPage() {
  return (
    <Lone title="You are signed out">
      <p className="text-muted">
        Your session is over, here and at the identity provider. Access that you hold in a cluster goes on until its
        time is over, or until you or an approver end it.
      </p>
      <p className="mt-6">
        <Link href="/sign-in" className={buttonStyle('primary', true)}>
          Sign in
        </Link>
      </p>
    </Lone>
  )
}
