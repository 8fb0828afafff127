'use client'
import { useRef, useState } from 'react'
import { Icon } from '#components/ui/icon'
import { Link } from '#components/ui/link'
import { PasteField } from '#components/ui/paste-field'
import { buttonStyle } from '../ui/button-style.ts'

type Choice = { name: string; title: string; detail: string }
type Props = { choices: Choice[]; value?: string }

/** Is this an error or a command, and not words to search for? Only the server reads it in full. */
const isSentence = (text: string) =>
  text.length > 60 || /forbidden|cannot|\n|^(\$ )?(kubectl|oc|helm|flux|k) /i.test(text.trim())

/**
 * Takes a pasted Forbidden error, a kubectl command or search words. A pasted error or command goes to the server at
 * once; words filter the list below as they are typed. Without scripts it is a plain form.
 */
export function PasteBox({ choices, value = '' }: Props) {
  const [text, setText] = useState(value)
  const form = useRef<HTMLFormElement>(null)
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const isSearch = words.length > 0 && !isSentence(text)
  const found = isSearch
    ? choices
        .filter((one) => words.every((word) => `${one.name} ${one.title} ${one.detail}`.toLowerCase().includes(word)))
        .slice(0, 6)
    : []
  // Results need no button.
  const isButtonShown = words.length > 0 && found.length === 0
  return (
    <search>
      <form ref={form} action="/requests/new" className="relative">
        <span className="pointer-events-none absolute top-3.5 left-3 text-muted">
          <Icon name="search" />
        </span>
        <PasteField
          aria-label="Paste a Forbidden error or a kubectl command, or search your entitlements"
          placeholder="Paste a Forbidden error or a kubectl command, or search"
          className={`pl-9 ${isButtonShown ? 'pr-24' : ''}`}
          startText={value}
          onText={setText}
          onPasted={(all) => isSentence(all) && form.current?.requestSubmit()}
        />
        {/* Not every keyboard of a phone shows a key that sends. */}
        <button
          type="submit"
          className={`${buttonStyle('quiet')} absolute top-1 right-1 min-h-9! ${isButtonShown ? '' : 'not-noscript:hidden'}`}
        >
          Search
        </button>
      </form>
      <p role="status" className="sr-only">
        {isSearch && `${found.length} ${found.length === 1 ? 'result' : 'results'}`}
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
