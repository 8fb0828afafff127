'use client'
import { type KeyboardEvent, useState } from 'react'
import { useTextDraft } from '#components/ui/drafts'
import { Link } from '#components/ui/link'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { shortDuration } from '#lib/core/access/duration'
import { type InboxHref, withRequest } from '#lib/core/approvals/inbox-filter'
import { buttonStyle } from '../ui/button-style.ts'
import { areSingleKeysOff } from '../ui/single-keys.ts'
import { sharedNoteDraft, useDenials } from './denials.tsx'
import type { InboxListRow } from './inbox-row.ts'
import { SeverityMark } from './severity-mark.tsx'
import { StatusMark } from './status-mark.tsx'

type Props = {
  rows: InboxListRow[]
  openId: string | null
  isGrouped: boolean
  /** The address of the inbox with its filter; a row adds its request. */
  inbox: InboxHref
  /** The rest of the list, where not all of it is shown. */
  more: { href: InboxHref; left: number } | null
}

/** The waiting requests. The open one stays in the list after it is decided. */
export function InboxList({ rows, openId, isGrouped, inbox, more }: Props) {
  const { dueAt } = useDenials()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const mayDeny = (row: InboxListRow) => row.outcome === null && dueAt(row.id) === undefined
  const chosen = rows.filter((row) => selected.has(row.id) && mayDeny(row))
  const toggle = (id: string) =>
    setSelected((all) => new Set(all.has(id) ? [...all].filter((one) => one !== id) : [...all, id]))

  return (
    <>
      <ul
        className="relative border-t border-line rail:min-h-0 rail:flex-1 rail:overflow-y-auto"
        aria-label="Waiting requests"
      >
        {rows.map((row, index) => (
          <li key={row.id} className="border-b border-line">
            {isGrouped && rows[index - 1]?.requesterId !== row.requesterId && (
              <p className="bg-sunken px-3 py-1 text-dense">
                <UntrustedText>{row.requester}</UntrustedText>
              </p>
            )}
            <div className="flex items-stretch">
              <label className="flex w-9 shrink-0 items-start justify-center pt-3 noscript:hidden">
                <span className="sr-only">
                  Select {row.title} for {row.requester}
                </span>
                <input
                  type="checkbox"
                  className="size-4"
                  checked={selected.has(row.id) && mayDeny(row)}
                  disabled={!mayDeny(row)}
                  onChange={() => toggle(row.id)}
                />
              </label>
              <Link
                href={withRequest(inbox, row.id)}
                data-row="opens"
                data-request={row.id}
                aria-current={row.id === openId ? 'true' : undefined}
                aria-keyshortcuts="x"
                onKeyDown={(event: KeyboardEvent) => {
                  if (event.key === 'x' && !areSingleKeysOff() && mayDeny(row)) toggle(row.id)
                }}
                className="block min-w-0 flex-1 border-l-2 border-transparent py-2 pr-3 pl-2 hover:bg-hover aria-[current]:border-accent aria-[current]:bg-hover"
              >
                <span className="flex items-baseline justify-between gap-3">
                  <span className="truncate font-strong">
                    <UntrustedText>{row.title}</UntrustedText>
                  </span>
                  <span className="flex shrink-0 items-baseline gap-3 text-dense text-muted">
                    <span className="rail:max-xl:hidden">{shortDuration(row.durationSeconds)}</span>
                    <RowState row={row} isDenied={dueAt(row.id) !== undefined} />
                  </span>
                </span>
                <span className="flex items-baseline justify-between gap-3 text-dense">
                  <span className="truncate">
                    {row.agent !== null && 'Agent for '}
                    <UntrustedText>{row.requester}</UntrustedText>
                    <code className="ml-2 text-muted">
                      <UntrustedText>{row.where}</UntrustedText>
                    </code>
                  </span>
                  <span className="shrink-0 text-muted">
                    <Time at={row.createdAt} />
                  </span>
                </span>
                <span className="flex items-baseline justify-between gap-3 text-dense text-muted">
                  <span className="truncate">
                    <UntrustedText>{row.reason}</UntrustedText>
                  </span>
                  {row.ticket && (
                    <code className="max-w-28 shrink-0 truncate">
                      <UntrustedText>{row.ticket}</UntrustedText>
                    </code>
                  )}
                </span>
                {row.needsInformation && row.outcome === null && (
                  <span className="block truncate text-dense text-muted">
                    Waits for an answer from <UntrustedText>{row.requester}</UntrustedText>
                  </span>
                )}
                {row.escalation && row.outcome === null && (
                  <span className={`block truncate text-dense ${row.escalation.isDone ? 'text-ending' : 'text-muted'}`}>
                    {row.escalation.isDone ? 'Escalated to ' : 'Escalates to '}
                    <UntrustedText>{row.escalation.to}</UntrustedText> <Time at={row.escalation.at} />
                  </span>
                )}
              </Link>
            </div>
          </li>
        ))}
        {more && (
          <li className="py-2">
            <Link className="link block px-3 py-1 text-dense" href={more.href} scroll={false} data-row="">
              Show {Math.min(50, more.left)} more of {more.left}
            </Link>
          </li>
        )}
      </ul>
      {chosen.length > 0 && <DenySelected requests={chosen} onDone={() => setSelected(new Set())} />}
    </>
  )
}

function RowState({ row, isDenied }: { row: InboxListRow; isDenied: boolean }) {
  if (isDenied) return <span className="shrink-0 text-dense text-bad">denying…</span>
  if (row.outcome) return <StatusMark status={row.outcome} />
  return <SeverityMark severity={row.severity} />
}

/** Denies the selected requests with one note. */
function DenySelected({ requests, onDone }: { requests: InboxListRow[]; onDone: () => void }) {
  const { deny } = useDenials()
  const note = useTextDraft(sharedNoteDraft)
  return (
    <form
      className="sticky bottom-foot z-10 flex flex-wrap items-center gap-2 border-t border-edge bg-ground py-2 rail:static"
      aria-label="Deny the selected requests"
      onSubmit={(event) => {
        event.preventDefault()
        deny(
          requests.map(({ id, digest, requester, title }) => ({ id, digest, requester, title })),
          note.value,
          true,
        )
        onDone()
      }}
    >
      <input
        className="control basis-full text-dense"
        aria-label="Note for the selected requests"
        placeholder="Note (optional), shown to the requesters"
        maxLength={2000}
        value={note.value}
        onChange={(event) => note.set(event.target.value)}
      />
      <button type="submit" className={buttonStyle('danger')}>
        Deny {requests.length === 1 ? '1 request' : `${requests.length} requests`}
      </button>
      <button type="button" className={buttonStyle('quiet')} onClick={onDone}>
        Clear selection
      </button>
    </form>
  )
}
