'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { SubmitButton } from '#components/ui/submit-button'
import { Time } from '#components/ui/time'
import type { FormAction } from '#lib/core/access/action-result'
import { useFormAnswer } from '../ui/use-form-answer.ts'

type Session = { startedAt: string; expiresAt: string; clientAddress: string | null; isThis: boolean }
type Props = { sessions: Session[]; signOutElsewhere: FormAction }

/** Where a person is signed in, and a button that ends all of it except here. */
export function SessionsList({ sessions, signOutElsewhere }: Props) {
  const { answer, form } = useFormAnswer(signOutElsewhere, () => document.getElementById('sessions-status')?.focus())
  const others = sessions.filter(({ isThis }) => !isThis).length
  return (
    <>
      <ul className="border-t border-line" aria-label="Your sessions">
        {sessions.map((session) => (
          <li
            key={session.startedAt}
            className="flex min-h-10 flex-wrap items-center gap-x-4 gap-y-1 border-b border-line py-2"
          >
            <span>
              Signed in <Time at={session.startedAt} />
              {session.clientAddress && (
                <>
                  {' '}
                  from <code>{session.clientAddress}</code>
                </>
              )}
            </span>
            <span className="text-dense text-muted">
              expires <Time at={session.expiresAt} />
            </span>
            {session.isThis && <span className="font-strong">this browser</span>}
          </li>
        ))}
      </ul>
      <p
        id="sessions-status"
        tabIndex={-1}
        role="status"
        className="mt-2 max-w-[72ch] text-dense text-muted outline-none"
      >
        {others === 0
          ? 'You are signed in nowhere else.'
          : `You are signed in in ${others === 1 ? 'one other browser' : `${others} other browsers`}.`}{' '}
        Tokens that programs use for the API are no sessions; your identity provider ends those.
      </p>
      {others > 0 && (
        <form {...form} className="mt-3">
          <ActionProblem error={answer.error} />
          <SubmitButton kind="danger" pending="Signing out…">
            Sign out everywhere else
          </SubmitButton>
        </form>
      )}
    </>
  )
}
