'use client'
import { forgetDrafts } from '#components/ui/drafts'

/** Ends the session here and at the identity provider, and deletes what was typed and not submitted. */
export function SignOut() {
  return (
    <form action="/api/auth/sign-out" method="post" onSubmit={forgetDrafts}>
      <button type="submit" className="min-h-7 rounded-sm px-2 text-dense text-muted hover:text-ink">
        Sign out
      </button>
    </form>
  )
}
