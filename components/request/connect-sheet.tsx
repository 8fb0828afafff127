'use client'
import { type ComponentType, useState, useTransition } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { Dialog } from '#components/ui/dialog'
import type { ActionError, ActionResult } from '#lib/core/access/action-result'
import type { IssuedCredential } from '#lib/core/access/credential-resource'
import type { May } from '#lib/core/access/may'
import { type ButtonKind, buttonStyle } from '../ui/button-style.ts'
import { notReached } from '../ui/use-form-answer.ts'
import type { IssuedProps } from './issued-credential.tsx'

/** Issues a credential of the caller's own grant. */
export type Connect = (grantId: string) => Promise<ActionResult<{ credential: IssuedCredential }>>

type Props = {
  grantId: string
  cluster: string
  namespace: string
  what: string
  expiresAt: string | null
  may: May
  kind?: ButtonKind
  connect: Connect
}

/**
 * Issues a credential and shows it once. It exists in this component's memory only: closing the dialog discards it, and
 * no page, cache or storage holds it.
 */
export function ConnectSheet(props: Props) {
  const { grantId, cluster, namespace, what, expiresAt, may, connect, kind = 'primary' } = props
  const [open, setOpen] = useState(false)
  const [credential, setCredential] = useState<IssuedCredential | null>(null)
  const [Issued, setIssued] = useState<ComponentType<IssuedProps>>()
  const [error, setError] = useState<ActionError | null>(null)
  const [busy, start] = useTransition()

  const issue = () =>
    start(async () => {
      // NB: first, because a credential that nothing can show would be lost.
      const result = await import('./issued-credential.tsx')
        .then((loaded) => {
          setIssued(() => loaded.IssuedCredential)
          return connect(grantId)
        })
        .catch(() => ({ error: notReached }))
      setError(result.error)
      setCredential(result.error ? null : result.credential)
    })
  const close = () => {
    setOpen(false)
    setCredential(null)
    setError(null)
  }

  if (!may.may) return null
  return (
    <>
      <button
        type="button"
        className={`${buttonStyle(kind)} noscript:hidden`}
        onClick={() => {
          setOpen(true)
          issue()
        }}
      >
        Connect
      </button>
      <noscript>
        <span className="text-dense text-muted">
          Connecting needs JavaScript, which keeps the token out of the page.
        </span>
      </noscript>
      <Dialog open={open} onClose={close} title={`Connect to ${cluster}`}>
        <div className="space-y-5 whitespace-normal" aria-busy={busy}>
          <p className="max-w-[72ch] text-muted">
            This credential lets you <code className="text-ink">{what}</code> in{' '}
            <code className="text-ink">{namespace}</code>. It’s shown only once. You can issue another one while your
            access is active.
          </p>
          {busy && <p role="status">Issuing a credential…</p>}
          <ActionProblem error={error} />
          {error && (
            <button type="button" className={buttonStyle()} onClick={issue} disabled={busy}>
              Try again
            </button>
          )}
          {credential && Issued && (
            <Issued credential={credential} cluster={cluster} namespace={namespace} endsAt={expiresAt} />
          )}
        </div>
      </Dialog>
    </>
  )
}
