'use client'
import { useState } from 'react'
import { Icon } from './icon.tsx'
import { UntrustedText } from './untrusted-text.tsx'

type Props = { text: string; shown?: string; label?: string; wrap?: boolean }

/** A name, an id or a line in the mono face with a copy button. `shown` may be a shorter form; the copy and the print are complete. */
export function Copyable({ text, shown = text, label = shown, wrap = false }: Props) {
  const [copied, setCopied] = useState<'no' | 'yes' | 'failed'>('no')
  const copy = async () => {
    const outcome = await navigator.clipboard.writeText(text).then(
      () => 'yes' as const,
      () => 'failed' as const,
    )
    setCopied(outcome)
    setTimeout(() => setCopied('no'), 1600)
  }
  return (
    <span className="inline-flex max-w-full items-center gap-1 align-baseline">
      <code
        className={wrap ? 'min-w-0 wrap-anywhere' : 'min-w-0 truncate print:whitespace-normal print:wrap-anywhere'}
        title={shown === text ? undefined : text}
      >
        {shown === text ? (
          <UntrustedText>{text}</UntrustedText>
        ) : (
          <>
            <span className="print:hidden">
              <UntrustedText>{shown}</UntrustedText>
            </span>
            <span className="hidden print:inline">
              <UntrustedText>{text}</UntrustedText>
            </span>
          </>
        )}
      </code>
      <button
        type="button"
        onClick={copy}
        aria-label={`Copy ${label}`}
        className="no-print grid size-6 shrink-0 place-items-center rounded-sm text-muted hover:bg-hover hover:text-ink"
      >
        <Icon name={copied === 'yes' ? 'done' : copied === 'failed' ? 'close' : 'copy'} size={14} />
      </button>
      <span role="status" className="sr-only">
        {copied === 'yes' ? 'Copied' : copied === 'failed' ? 'The browser blocked copying' : ''}
      </span>
    </span>
  )
}
