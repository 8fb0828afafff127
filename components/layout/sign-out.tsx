/** Ends the session here and at the identity provider. */
export function SignOut() {
  return (
    <form action="/api/auth/sign-out" method="post">
      <button type="submit" className="min-h-7 rounded-sm px-2 text-dense text-muted hover:text-ink">
        Sign out
      </button>
    </form>
  )
}
