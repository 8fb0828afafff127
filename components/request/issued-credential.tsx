import { useState } from 'react'
import { Copyable } from '#components/ui/copyable'
import { Time } from '#components/ui/time'
import type { IssuedCredential as Credential } from '#lib/core/access/credential-resource'
import { buttonStyle } from '../ui/button-style.ts'

export type IssuedProps = { credential: Credential; cluster: string; namespace: string; endsAt: string | null }

/** An issued credential, to download or copy. Loaded with the first one, so that no page waits for it. */
export function IssuedCredential({ credential, cluster, namespace, endsAt }: IssuedProps) {
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
