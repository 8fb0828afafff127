'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useLayoutEffect, useRef, useState, useTransition } from 'react'
import { Dialog } from '#components/ui/dialog'
import { NavigationBar } from '#components/ui/navigation-bar'
import { areSingleKeysOff } from '../ui/single-keys.ts'
import { type Destination, Palette } from './palette.tsx'

const places = {
  a: '/access',
  i: '/inbox',
  l: '/live',
  h: '/history',
  r: '/guardrails',
  c: '/clusters',
  s: '/settings',
} as const
// Milliseconds in which the second key of `g a` must follow: slower than any typist, faster than a change of mind.
const sequenceMs = 1200

const keys: [string, string][] = [
  ['g a', 'Access'],
  ['g i', 'Inbox'],
  ['g l', 'Live access'],
  ['g h', 'History'],
  ['g r', 'Guardrails'],
  ['g c', 'Clusters'],
  ['g s', 'Settings'],
  ['/', 'Search or filter on this page'],
  ['j  k', 'Next or previous item in a list'],
  ['a  d', 'Approve or deny the open request, then Enter'],
  ['x', 'Select a row of the inbox'],
  ['⌘K  Ctrl K', 'Search pages and entitlements'],
  ['?', 'Show keyboard shortcuts'],
]

type Props = { destinations: () => Promise<Destination[]> }

/**
 * Keyboard shortcuts for every page. Inactive while a person is typing or has a dialog open. A person can switch off those
 * without a modifier key (WCAG 2.1.4).
 */
export function Shortcuts({ destinations }: Props) {
  const router = useRouter()
  const [isNavigating, navigate] = useTransition()
  const isLeaving = useIsLeaving()
  const [shown, setShown] = useState<'nothing' | 'keys' | 'palette'>('nothing')
  // Long ago, because a new page is not in the middle of a sequence.
  const goAt = useRef(Number.NEGATIVE_INFINITY)

  // NB: not useEffect, which React runs in a later task: a key in between would be lost.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'k' && (event.metaKey || event.ctrlKey) && !event.altKey && !event.shiftKey) {
        event.preventDefault()
        setShown('palette')
        return
      }
      if (
        event.metaKey ||
        event.ctrlKey ||
        event.altKey ||
        areSingleKeysOff() ||
        isTyping(event.target) ||
        document.querySelector('dialog[open]')
      )
        return
      const isSecond = performance.now() - goAt.current < sequenceMs
      goAt.current = event.key === 'g' ? performance.now() : Number.NEGATIVE_INFINITY
      if (isSecond && event.key in places) {
        event.preventDefault()
        navigate(() => router.push(places[event.key as keyof typeof places]))
      } else if (event.key === '?') setShown('keys')
      else if (event.key === '/') {
        event.preventDefault()
        document.querySelector<HTMLElement>('[data-search]')?.focus()
      } else if (event.key === 'j' || event.key === 'k') step(event.key === 'j' ? 1 : -1)
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [router])

  return (
    <>
      <NavigationBar pending={isNavigating || isLeaving} />
      <Dialog open={shown === 'keys'} onClose={() => setShown('nothing')} title="Keyboard shortcuts" narrow>
        <dl className="grid grid-cols-[7rem_1fr] gap-y-2">
          {keys.map(([key, what]) => (
            <div key={key} className="contents">
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </Dialog>
      <Palette
        open={shown === 'palette'}
        onClose={() => setShown('nothing')}
        onGo={(href) => navigate(() => router.push(href as '/'))}
        destinations={destinations}
      />
    </>
  )
}

/** Has a form been sent whose answer is another page? A page that comes back from the browser's cache has arrived. */
function useIsLeaving(): boolean {
  const [isLeaving, setLeaving] = useState(false)
  useEffect(() => {
    const onSubmit = (event: SubmitEvent) => {
      const isHandled = event.defaultPrevented || (event.target as HTMLFormElement).method === 'dialog'
      if (!isHandled) setLeaving(true)
    }
    const onShow = () => setLeaving(false)
    window.addEventListener('submit', onSubmit)
    window.addEventListener('pageshow', onShow)
    return () => {
      window.removeEventListener('submit', onSubmit)
      window.removeEventListener('pageshow', onShow)
    }
  }, [])
  return isLeaving
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

/** Moves the focus among the rows of the page's list. A list with a detail pane also opens the row. */
function step(by: 1 | -1) {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  // The focus is ahead of the open row while that row's request loads.
  const focused = rows.indexOf(document.activeElement as HTMLElement)
  const current = focused >= 0 ? focused : rows.findIndex((row) => row.getAttribute('aria-current') === 'true')
  const next = rows[current < 0 ? (by > 0 ? 0 : rows.length - 1) : current + by]
  next?.focus()
  if (next?.dataset.row === 'opens') next.click()
}
