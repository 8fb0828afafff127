import { Notice } from '#components/ui/notice'
import { buttonStyle } from '../ui/button-style.ts'
import { BareLayout } from './bare-layout.tsx'

type Props = { returnTo: string; problem: string | undefined; reference: string | undefined }

/** Leads to the identity provider. The server checks where `returnTo` leads. */
export function SignInForm({ returnTo, problem, reference }: Props) {
  return (
    <BareLayout title="Sign in to Postern">
      <p className="text-muted">
        Just-in-time access to Kubernetes: one task, a limited time, approved by a second person.
      </p>
      {problem && (
        <div className="mt-4">
          <Notice live>
            {problem}
            {reference && (
              <>
                {' '}
                Reference: <code>{reference}</code>
              </>
            )}
          </Notice>
        </div>
      )}
      <form action="/api/auth/signin/oidc" method="post" className="mt-6">
        <input type="hidden" name="callbackUrl" value={returnTo} />
        <button type="submit" className={buttonStyle('primary', true)}>
          Continue with your identity provider
        </button>
      </form>
      {returnTo !== '/' && (
        <p className="mt-3 text-dense text-muted">
          You’ll then continue to <code className="wrap-anywhere">{returnTo}</code>
        </p>
      )}
    </BareLayout>
  )
}
