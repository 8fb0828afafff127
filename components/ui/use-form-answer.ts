'use client'
import { unstable_rethrow } from 'next/navigation'
import { type FormEvent, useActionState, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import type { ActionError, FormAction, FormAnswer } from '#lib/core/access/action-result'

const unanswered = { error: null, kept: {} }

/** The error of an action that could not be called. */
export const notReached: ActionError = {
  code: 'unavailable',
  sentence: 'Postern didn’t respond. Check your connection, then try again.',
  errors: [],
  reference: '',
}

const never = () => () => {}
/** False without scripts, and until React has taken over the page. */
export const useIsHydrated = () =>
  useSyncExternalStore(
    never,
    () => true,
    () => false,
  )

/** Invalid controls come before the message that lists everything. */
function focusFirstProblem(form: HTMLFormElement | null) {
  const problem = form?.querySelector<HTMLElement>('[aria-invalid=true]') ?? form?.querySelector('[role=alert]')
  if (problem instanceof HTMLElement) problem.focus()
}

/** Calls `onRedirect` for the error with which React redirects after a success, and throws it again. */
function rethrowRedirect(error: unknown, onRedirect: () => void): void {
  try {
    unstable_rethrow(error)
  } catch (redirect) {
    onRedirect()
    throw redirect
  }
}

/**
 * A form that works without scripts and keeps what was typed after any failure. Without scripts, or before they have
 * loaded, the browser posts the form and the answer arrives with the next page. With scripts the form stays as it is: also
 * when the server cannot be reached.
 * @param forget forgets the draft of the form; called after a success
 * @param onDone called after a success that leaves the page open
 */
export function useFormAnswer<Kept>(
  action: FormAction<Kept>,
  forget: () => void = () => {},
  onDone: () => void = () => {},
) {
  const [posted, post] = useActionState<FormAnswer<Kept>, FormData>(action, unanswered)
  const [latest, setLatest] = useState<FormAnswer<Kept> | null>(null)
  const isHydrated = useIsHydrated()
  const ref = useRef<HTMLFormElement>(null)

  async function send(form: FormData) {
    let answer: FormAnswer<Kept>
    try {
      answer = await action(unanswered, form)
    } catch (error) {
      rethrowRedirect(error, forget)
      const sentence = `${notReached.sentence} What you typed is kept.`
      answer = { error: { ...notReached, sentence }, kept: {} }
    }
    setLatest(answer)
    if (answer.error) return
    forget()
    onDone()
  }

  useEffect(() => {
    if (latest?.error) focusFirstProblem(ref.current)
  }, [latest])

  return {
    answer: latest ?? posted,
    form: {
      ref,
      action: isHydrated ? send : post,
      // React resets a form after its action, and the reset would undo controlled checkboxes.
      onReset: (event: FormEvent) => event.preventDefault(),
    },
  }
}
