'use client'
import { clsx } from 'clsx'
import type { ReactNode } from 'react'
import { Link } from '#components/ui/link'
import { LinkButton } from '#components/ui/link-button'
import { Remaining, Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { EndedTime } from './ended-time.tsx'
import type { RowStatus } from './row-status.ts'
import { type ShownStatus, StatusMark } from './status-mark.tsx'

type Props = {
  id: string
  title: string
  where: string
  mark: ShownStatus
  status: RowStatus
  /** The actions that fit; null in the list of recent requests, which can be requested again. */
  actions: ReactNode
}

/**
 * One line of the engineer's home: the request, where, its status, and the action that fits. NB: a client component, because
 * the server sends a long list as these few properties and not as elements, which took several times as much.
 */
export function AccessRow({ id, title, where, mark, status, actions }: Props) {
  const isPast = actions === null
  return (
    <li className="grid min-h-10 grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 border-b border-line py-2 rail:grid-cols-[6.5rem_minmax(0,1.2fr)_minmax(0,1fr)_12.5rem] xl:grid-cols-[6.5rem_minmax(0,1.25fr)_minmax(0,0.9fr)_minmax(0,1.1fr)_12.5rem] rail:py-1">
      <StatusMark status={mark} />
      <span className="col-span-2 flex min-w-0 flex-col gap-y-1 rail:col-span-1 rail:gap-y-0 rail:py-1 xl:contents">
        <Link href={`/requests/${id}`} data-row="" className="min-w-0 font-strong hover:underline rail:truncate">
          <UntrustedText>{title}</UntrustedText>
        </Link>
        <code className="min-w-0 text-muted rail:truncate">
          <UntrustedText>{where}</UntrustedText>
        </code>
      </span>
      <span className="col-span-2 min-w-0 rail:col-span-1">
        {status.is === 'active' ? (
          <Remaining since={status.since} until={status.until} />
        ) : (
          <span
            className={clsx(
              'text-dense',
              status.is === 'failing' || (status.is === 'words' && status.isUrgent) ? 'text-ending' : 'text-muted',
            )}
          >
            <StatusInWords status={status} />
          </span>
        )}
      </span>
      <div
        className={clsx(
          'flex rail:col-start-4 rail:row-start-1 xl:col-start-5 rail:mt-0 rail:justify-end',
          isPast ? 'col-start-2 row-start-1' : 'col-span-2 mt-1 empty:hidden rail:col-span-1',
        )}
      >
        {isPast ? (
          <LinkButton kind="quiet" href={`/requests/new?again=${id}`}>
            Request again
          </LinkButton>
        ) : (
          actions
        )}
      </div>
    </li>
  )
}

function StatusInWords({ status }: { status: Exclude<RowStatus, { is: 'active' }> }) {
  switch (status.is) {
    case 'failing':
      return (
        <>
          {status.lead}: <UntrustedText>{status.error}</UntrustedText>
        </>
      )
    case 'starting':
      return (
        <>
          starts <Time at={status.at} />
        </>
      )
    case 'waiting':
      return (
        <>
          waiting for <UntrustedText>{status.approvals}</UntrustedText>
        </>
      )
    case 'ended':
      return <EndedTime {...status} />
    case 'words':
      return status.words
    case 'over':
      return <Time at={status.at} />
  }
}
