'use client'
import { useState, useTransition } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { Copyable } from '#components/ui/copyable'
import { Dialog } from '#components/ui/dialog'
import { Time } from '#components/ui/time'
import type { ActionError, ActionResult } from '#lib/core/access/action-result'
import type { IssuedCredential, May } from '#lib/core/access/resources'
import { type ButtonKind, buttonStyle } from '../ui/button-style.ts'

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
 * Takes a credential and shows it once. It lives in this component's memory alone: closing the sheet forgets it, and
 * no page, cache or storage holds it.
 */
export function ConnectSheet(props: Props) {
  const { grantId, cluster, namespace, what, expiresAt, may, connect, kind = 'primary' } = props
  const [open, setOpen] = useState(false)
  const [credential, setCredential] = useState<IssuedCredential | null>(null)
  const [error, setError] = useState<ActionError | null>(null)
  const [busy, start] = useTransition()

  const take = () =>
    start(async () => {
      const result = await connect(grantId)
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
        className={buttonStyle(kind)}
        onClick={() => {
          setOpen(true)
          take()
        }}
      >
        Connect
      </button>
      <Dialog open={open} onClose={close} title={`Connect to ${cluster}`}>
        <div className="space-y-5 whitespace-normal" aria-busy={busy}>
          <p className="max-w-[72ch] text-muted">
            You may <code className="text-ink">{what}</code> in <code className="text-ink">{namespace}</code>. This
            credential is yours alone and is shown once: closing this sheet forgets it, and you can take another while
            the access lasts.
          </p>
          {busy && <p role="status">The cluster makes a credential for you …</p>}
          <ActionProblem error={error} />
          {error && (
            <button type="button" className={buttonStyle()} onClick={take} disabled={busy}>
              Try again
            </button>
          )}
          {credential && <Taken credential={credential} cluster={cluster} namespace={namespace} endsAt={expiresAt} />}
        </div>
      </Dialog>
    </>
  )
}

type TakenProps = { credential: IssuedCredential; cluster: string; namespace: string; endsAt: string | null }

function Taken({ credential, cluster, namespace, endsAt }: TakenProps) {
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
        <p className="mb-1 text-dense text-muted">Then, in a terminal:</p>
        <div className="rounded-sm border border-line bg-sunken px-3 py-2">
          <Copyable
            wrap
            label="the terminal line"
            text={`export KUBECONFIG=~/Downloads/${file} && kubectl auth can-i --list`}
          />
        </div>
      </li>
      <li className="text-dense text-muted">
        The token dies <Time at={credential.expiresAt} />
        {endsAt && (
          <>
            ; the access itself ends <Time at={endsAt} />, and every token with it
          </>
        )}
        . It is known in the record as <Copyable text={credential.jti} label="the token's id" />
      </li>
    </ol>
  )
}

function CopyButton({ text, label }: { text: string; label: string }) {
  const [said, setSaid] = useState('')
  return (
    <button
      type="button"
      className={buttonStyle()}
      onClick={() =>
        navigator.clipboard.writeText(text).then(
          () => setSaid('Copied'),
          () => setSaid('Not allowed to copy'),
        )
      }
    >
      <span aria-live="polite">{said || label}</span>
    </button>
  )
}

function download(name: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }))
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  URL.revokeObjectURL(url)
}
