'use client'
import { useState, useTransition } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { Copyable } from '#components/ui/copyable'
import { Dialog } from '#components/ui/dialog'
import { Time } from '#components/ui/time'
import type { ActionError, ActionResult } from '#lib/core/access/action-result'
import type { IssuedCredential } from '#lib/core/access/credential-resource'
import type { May } from '#lib/core/access/may'
import { type ButtonKind, buttonStyle } from '../ui/button-style.ts'
import { notReached } from '../ui/use-form-answer.ts'

type Props = {
  grantId: string
  cluster: string
  namespace: string
  what: string
  expiresAt: string | null
  may: May
  kind?: ButtonKind
  connect: (grantId: string) => Promise<ActionResult<{ credential: IssuedCredential }>>
}

/**
 * Issues a credential and shows it once. It exists in this component's memory only: closing the dialog discards it, and
 * no page, cache or storage holds it.
 */
export function ConnectSheet(props: Props) {
  const { grantId, cluster, namespace, what, expiresAt, may, connect, kind = 'primary' } = props
  const [open, setOpen] = useState(false)
  const [credential, setCredential] = useState<IssuedCredential | null>(null)
  const [error, setError] = useState<ActionError | null>(null)
  const [busy, start] = useTransition()

  const issue = () =>
    start(async () => {
      const result = await connect(grantId).catch(() => ({ error: notReached }))
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
          {credential && <Issued credential={credential} cluster={cluster} namespace={namespace} endsAt={expiresAt} />}
        </div>
      </Dialog>
    </>
  )
}

type IssuedProps = { credential: IssuedCredential; cluster: string; namespace: string; endsAt: string | null }

function Issued({ credential, cluster, namespace, endsAt }: IssuedProps) {
  const file = `postern-${cluster}-${namespace}.kubeconfig`
  return (
    <ol className="appears space-y-4">
      <li className="flex flex-wrap items-center gap-3">
        <button type="button" className={buttonStyle('primary')} onClick={() => download(file, credential.kubeconfig)}>
          Download kubeconfig
        </button>
        <CopyButton text={credential.kubeconfig} label="Copy kubeconfig" />
        <CopyButton text={credential.token} label="Copy token" />
      </li>
      <li>
        <p className="mb-1 text-dense text-muted">Then run in a terminal:</p>
        <div className="rounded-sm border border-line bg-sunken px-3 py-2">
          <Copyable wrap label="command" text={`export KUBECONFIG=~/Downloads/${file} && kubectl auth can-i --list`} />
        </div>
      </li>
      <li className="text-dense text-muted">
        The token expires <Time at={credential.expiresAt} />
        {endsAt && (
          <>
            . Your access ends <Time at={endsAt} />, and all of its tokens stop working then
          </>
        )}
        . Its audit ID is <Copyable text={credential.jti} label="audit ID" />
      </li>
    </ol>
  )
}

function CopyButton({ text, label }: { text: string; label: string }) {
  const [outcome, setOutcome] = useState('')
  return (
    <button
      type="button"
      className={buttonStyle()}
      onClick={() =>
        navigator.clipboard.writeText(text).then(
          () => setOutcome('Copied'),
          () => setOutcome('Copying was blocked'),
        )
      }
    >
      <span aria-live="polite">{outcome || label}</span>
    </button>
  )
}

function download(name: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }))
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  URL.revokeObjectURL(url)
}
