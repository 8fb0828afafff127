'use client'
import { useState } from 'react'
import { Icon } from '#components/ui/icon'
import { Link } from '#components/ui/link'
import { PasteField } from '#components/ui/paste-field'
import { buttonStyle } from '../ui/button-style.ts'

type Choice = { name: string; title: string; detail: string }
type Props = { choices: Choice[]; value?: string }

/**
 * Takes a pasted Forbidden error, a kubectl command or search words. Words filter the list below as they are typed; Enter
 * sends the text to the server, which also reads errors and commands. Without scripts it is a plain form.
 */
export function PasteBox({ choices, value = '' }: Props) {
  const [text, setText] = useState(value)
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const isSentence = text.length > 60 || /forbidden|\n/i.test(text)
  const found =
    words.length === 0 || isSentence
      ? []
      : choices
          .filter((one) => words.every((word) => `${one.name} ${one.title} ${one.detail}`.toLowerCase().includes(word)))
          .slice(0, 6)
  return (
    <search>
      <form action="/requests/new" className="relative">
        <span className="pointer-events-none absolute top-3.5 left-3 text-muted">
          <Icon name="search" />
        </span>
        <PasteField
          aria-label="Paste a Forbidden error or a kubectl command, or search your entitlements"
          placeholder="Paste a Forbidden error or a kubectl command, or search"
          className="pl-9"
          startText={value}
          onText={setText}
        />
        {/* Elsewhere Enter sends the form. */}
        <button type="submit" className={`${buttonStyle()} not-noscript:hidden`}>
          Search
        </button>
      </form>
      <p role="status" className="sr-only">
        {words.length > 0 && !isSentence && `${found.length} ${found.length === 1 ? 'result' : 'results'}`}
      </p>
      {found.length > 0 && (
        <ul className="appears border-x border-b border-line bg-raised">
          {found.map((one) => (
            <li key={one.name}>
              <Link
                data-row=""
                href={`/requests/new?entitlement=${encodeURIComponent(one.name)}`}
                className="flex min-h-10 flex-wrap items-center justify-between gap-x-4 px-3 py-1.5 hover:bg-hover"
              >
                <span className="font-strong">{one.title}</span>
                <code className="text-muted">{one.detail}</code>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </search>
  )
}
