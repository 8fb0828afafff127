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

/**
 * A form that works without scripts and keeps what was typed after any failure. Without scripts, or before they have
 * loaded, the browser posts the form and the answer arrives with the next page. With scripts the form stays as it is: also
 * when the server cannot be reached.
 * @param onDone called after a success that leaves the page open
 */
export function useFormAnswer<Kept>(action: FormAction<Kept>, onDone: () => void = () => {}) {
  const [posted, post] = useActionState<FormAnswer<Kept>, FormData>(action, unanswered)
  const [latest, setLatest] = useState<FormAnswer<Kept> | null>(null)
  const isHydrated = useIsHydrated()
  const ref = useRef<HTMLFormElement>(null)

  async function send(form: FormData) {
    let answer: FormAnswer<Kept>
    try {
      answer = await action(unanswered, form)
    } catch (error) {
      // A redirect after a success is thrown too.
      unstable_rethrow(error)
      answer = { error: notReached, kept: {} }
    }
    setLatest(answer)
    if (!answer.error) onDone()
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
