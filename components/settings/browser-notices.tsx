'use client'
import { useState } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { SubmitButton } from '#components/ui/submit-button'
import { Time } from '#components/ui/time'
import type { ActionError, FormAction } from '#lib/core/access/action-result'
import { buttonStyle } from '../ui/button-style.ts'
import { notReached, useFormAnswer, useIsHydrated } from '../ui/use-form-answer.ts'

type Browser = { id: string; label: string; addedAt: string; isThis: boolean }
type Props = { publicKey: string | null; browsers: Browser[]; add: FormAction; remove: FormAction }

const problem = (sentence: string): ActionError => ({ ...notReached, sentence })

/** Asks the browser for permission and for an address at its push service. Returns why it has none. */
async function subscribe(publicKey: string): Promise<FormData | ActionError> {
  if (!('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window))
    return problem(
      'This browser can’t receive notifications. On an iPhone or iPad, add Postern to the home screen first.',
    )
  if ((await Notification.requestPermission()) !== 'granted')
    return problem('The browser blocks notifications of this site. Allow them in its settings, then try again.')
  try {
    const { pushManager } = await navigator.serviceWorker
      .register('/notices.js')
      .then(() => navigator.serviceWorker.ready)
    // With the key of an earlier installation it could not be renewed.
    await (await pushManager.getSubscription())?.unsubscribe()
    const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey })
    const { endpoint = '', keys = {} } = subscription.toJSON()
    const form = new FormData()
    for (const [name, value] of Object.entries({ endpoint, ...keys })) form.set(name, value)
    return form
  } catch {
    return problem('The push service of this browser didn’t respond. Check your connection, then try again.')
  }
}

/** The browsers in which a person is notified, and a button that adds this one. Adding needs scripts, because only they reach the browser’s push service. */
export function BrowserNotices({ publicKey, browsers, add, remove }: Props) {
  const [error, setError] = useState<ActionError | null>(null)
  const [isPending, setIsPending] = useState(false)
  const isHydrated = useIsHydrated()
  const isHere = browsers.some(({ isThis }) => isThis)
  async function addThis(key: string) {
    setError(null)
    setIsPending(true)
    const outcome = await subscribe(key)
    const answer =
      outcome instanceof FormData
        ? await add({ error: null, kept: {} }, outcome).catch(() => ({ error: notReached }))
        : { error: outcome }
    setError(answer.error)
    setIsPending(false)
  }
  return (
    <>
      <p className="mb-2 max-w-[72ch] text-dense text-muted">
        A browser shows the same notices that you receive by mail, also while Postern is not open. Your choice of
        notices and your quiet hours apply. Signing out ends it in that browser.
      </p>
      {browsers.length > 0 && (
        <ul className="border-t border-line" aria-label="Browsers that notify you">
          {browsers.map((browser) => (
            <BrowserRow key={browser.id} browser={browser} remove={remove} />
          ))}
        </ul>
      )}
      {publicKey === null && <p className="text-muted">Your administrator has not set up browser notifications.</p>}
      <ActionProblem error={error} />
      {publicKey !== null && !isHere && (
        <button
          type="button"
          className={`${buttonStyle()} mt-3`}
          disabled={!isHydrated || isPending}
          onClick={() => addThis(publicKey)}
        >
          {isPending ? 'Adding…' : 'Notify me in this browser'}
        </button>
      )}
    </>
  )
}

function BrowserRow({ browser: { id, label, addedAt, isThis }, remove }: { browser: Browser; remove: FormAction }) {
  const { answer, form } = useFormAnswer(remove)
  return (
    <li className="flex min-h-10 flex-wrap items-center gap-x-4 gap-y-1 border-b border-line py-2">
      <span>{label}</span>
      <span className="text-dense text-muted">
        added <Time at={addedAt} />
      </span>
      {isThis && <span className="font-strong">this browser</span>}
      <form {...form} className="ml-auto">
        <input type="hidden" name="id" value={id} />
        <ActionProblem error={answer.error} />
        <SubmitButton pending="Removing…" aria-label={`Remove ${label}`}>
          Remove
        </SubmitButton>
      </form>
    </li>
  )
}
