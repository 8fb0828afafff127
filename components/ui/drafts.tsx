'use client'
import {
  createContext,
  type ReactNode,
  type RefObject,
  useContext,
  useEffect,
  useEffectEvent,
  useRef,
  useState,
} from 'react'

// What a person types into a form is kept until it is submitted: in the session storage of this tab, which ends with the
// tab, is never sent anywhere, and survives a reload and a new sign-in. A draft belongs to one person. Drafts of another
// person, and those from before a sign-out in any tab, are deleted as soon as a page opens. Pasted errors and credentials
// are no drafts: a pasted command may contain a token.

const prefix = 'postern-draft '
/** In local storage, which all tabs share: milliseconds since 1970 of the last sign-out in this browser. */
const signedOutKey = 'postern-signed-out'

type Stored = { at: number; value: unknown }

/** Runs without effect where the browser refuses its storage, or has no room. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

const keyOf = (person: string, name: string) => `${prefix}${person} ${name}`

const signedOutAt = () => attempt(() => Number(localStorage.getItem(signedOutKey))) ?? 0

/** A stored draft; undefined without one, and for one from before the last sign-out. */
function read(key: string): Stored | undefined {
  const stored = attempt(() => JSON.parse(sessionStorage.getItem(key) ?? 'null') as Stored | null)
  return stored && stored.at > signedOutAt() ? stored : undefined
}

function write(key: string, value: unknown): void {
  attempt(() => sessionStorage.setItem(key, JSON.stringify({ at: Date.now(), value } satisfies Stored)))
}

function remove(isOver: (key: string) => boolean): void {
  attempt(() => {
    for (const key of Object.keys(sessionStorage))
      if (key.startsWith(prefix) && isOver(key)) sessionStorage.removeItem(key)
  })
}

/** Deletes the drafts of this tab, and has every other tab delete its own. */
export function forgetDrafts(): void {
  remove(() => true)
  attempt(() => localStorage.setItem(signedOutKey, String(Date.now())))
}

/** On the page that follows a sign-out. */
export function ForgetDrafts() {
  useEffect(() => forgetDrafts(), [])
  return null
}

function forgetOld(person: string) {
  remove((key) => !key.startsWith(keyOf(person, '')) || read(key) === undefined)
}

const Person = createContext<string | null>(null)

/** Around every page of a signed-in person, by their id. */
export function DraftsOf({ person, children }: { person: string; children: ReactNode }) {
  useEffect(() => {
    // A moment later: the first reading of the storage blocks this page, and no other person's draft is ever read.
    const timer = setTimeout(() => forgetOld(person))
    const onSignOut = ({ key }: StorageEvent) => key === signedOutKey && remove(() => true)
    window.addEventListener('storage', onSignOut)
    return () => {
      clearTimeout(timer)
      window.removeEventListener('storage', onSignOut)
    }
  }, [person])
  return <Person value={person}>{children}</Person>
}

/** Forgets a draft by its name, where the form itself is gone: for what is sent later. */
export function useForgetDraft(): (name: string) => void {
  const person = useContext(Person)
  return (name) => attempt(() => person !== null && sessionStorage.removeItem(keyOf(person, name)))
}

export type StoredDraft<T> = {
  value: T
  set: (next: T | ((before: T) => T)) => void
  /** After a submission: the form keeps its content, and the draft is gone. */
  forget: () => void
  /** Back to the first content. */
  reset: () => void
  /** How often the content was replaced: by a stored draft, or by the first content again. */
  replaced: number
  isRestored: boolean
}

/**
 * The content of a form, kept as a draft.
 * @param name of the form, and of what it is about
 * @param first the content without a draft
 * @param fits does a stored draft still fit the form?
 */
export function useDraft<T>(name: string, first: T, fits: (stored: unknown) => stored is T): StoredDraft<T> {
  const person = useContext(Person)
  const key = person === null ? null : keyOf(person, name)
  const [value, setValue] = useState(first)
  // What is set twice before the next render must not be lost.
  const latest = useRef(first)
  const [{ replaced, isRestored }, setState] = useState({ replaced: 0, isRestored: false })

  const readFrom = useRef<string | null>(null)
  // Once, and before anything is written: what was typed before React took over is no draft of an earlier visit.
  const restore = () => {
    if (key === null || readFrom.current === key) return
    readFrom.current = key
    const stored = read(key)
    if (!stored || !fits(stored.value)) return
    latest.current = stored.value
    setValue(stored.value)
    setState((before) => ({ replaced: before.replaced + 1, isRestored: true }))
  }
  // After the first render, which has to equal that of the server.
  const onRendered = useEffectEvent(restore)
  useEffect(() => {
    if (key !== null) onRendered()
  }, [key])

  const forget = () => {
    if (key !== null) attempt(() => sessionStorage.removeItem(key))
  }
  return {
    value,
    set: (change) => {
      restore()
      const next = typeof change === 'function' ? (change as (before: T) => T)(latest.current) : change
      latest.current = next
      setValue(next)
      if (key === null) return
      if (JSON.stringify(next) === JSON.stringify(first)) forget()
      else write(key, next)
    },
    forget,
    reset: () => {
      forget()
      latest.current = first
      setValue(first)
      setState((before) => ({ replaced: before.replaced + 1, isRestored: false }))
    },
    replaced,
    isRestored,
  }
}

const isText = (stored: unknown): stored is string => typeof stored === 'string'

/** A text field, kept as a draft. */
export const useTextDraft = (name: string, first = ''): StoredDraft<string> => useDraft(name, first, isText)

/**
 * Hands over what a form holds when React takes over the page: on a slow network, people type before that, and React would
 * undo it at the next render.
 */
export function useTypedBefore(form: RefObject<HTMLFormElement | null>, adopt: (typed: FormData) => void): void {
  const onTakeOver = useEffectEvent(() => form.current && adopt(new FormData(form.current)))
  useEffect(() => {
    onTakeOver()
  }, [])
}

/** The same for a form's field that is a draft. */
export function useTypedText(form: RefObject<HTMLFormElement | null>, field: string, draft: StoredDraft<string>): void {
  useTypedBefore(form, (typed) => {
    const text = typed.get(field)
    if (typeof text === 'string' && text !== draft.value) draft.set(text)
  })
}
