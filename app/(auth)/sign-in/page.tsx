import type { Metadata } from 'next'
import { SignInForm } from '#components/layout/sign-in-form'
import { signInReference, signInSentence } from '#lib/adapters/auth/sign-in-problem'

export const metadata: Metadata = { title: 'Sign in' }

/** One button: the identity provider says who the person is. Signing in leads back to the page they wanted. */
export default async function SignInPage({ searchParams }: PageProps<'/sign-in'>) {
  const { from, error, reference } = await searchParams
  return (
    <SignInForm
      returnTo={typeof from === 'string' ? from : '/'}
      problem={signInSentence(typeof error === 'string' ? error : undefined)}
      reference={signInReference(error === undefined ? undefined : reference)}
    />
  )
}
