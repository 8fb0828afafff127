import type { Metadata } from 'next'
import { SignInForm } from '#components/layout/sign-in-form'
import { signInSentence } from '#lib/adapters/auth/sign-in-problem'

export const metadata: Metadata = { title: 'Sign in' }

/** One button: who you are is the identity provider's to say. Comes back to where you wanted to go. */
export default async function SignInPage({ searchParams }: PageProps<'/sign-in'>) {
  const { from, error } = await searchParams
  return (
    <SignInForm
      returnTo={typeof from === 'string' ? from : '/'}
      problem={signInSentence(typeof error === 'string' ? error : undefined)}
    />
  )
}
