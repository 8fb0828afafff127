import type { Metadata } from 'next'
import { cookies } from 'next/headers'
import { BareLayout } from '#components/layout/bare-layout'
import { ForgetDrafts } from '#components/ui/drafts'
import { LinkButton } from '#components/ui/link-button'
import { signOutStateName } from '#lib/adapters/auth/cookies'

export const metadata: Metadata = { title: 'Signed out' }

/** The provider sends back the `state` of the sign-out that this browser began, so it has ended its session too. */
export default async function SignedOutPage({ searchParams }: PageProps<'/signed-out'>) {
  const { state } = await searchParams
  const expected = (await cookies()).get(signOutStateName())?.value
  const where =
    expected !== undefined && state === expected
      ? 'here and at the identity provider'
      : 'here. You may still be signed in at the identity provider'
  return (
    <BareLayout title="You are signed out">
      <ForgetDrafts />
      <p className="text-muted">
        Your session has ended {where}. Access you hold in a cluster continues until it expires, or until you or an
        approver ends it.
      </p>
      <p className="mt-6">
        <LinkButton kind="primary" wide href="/sign-in">
          Sign in
        </LinkButton>
      </p>
    </BareLayout>
  )
}
