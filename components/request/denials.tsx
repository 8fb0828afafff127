'use client'
import { useRouter } from 'next/navigation'
import { createContext, type ReactNode, useContext, useEffect, useEffectEvent, useRef, useState } from 'react'
import { useForgetDraft } from '#components/ui/drafts'
import { UntrustedText } from '#components/ui/untrusted-text'
import { buttonStyle } from '../ui/button-style.ts'
import { useNow } from '../ui/clock.tsx'

/** Milliseconds in which a denial can be taken back, because it is not sent before. */
const graceMs = 10_000

/** Denials sent at the same time. The server works on four calls of a person and lets sixteen wait. */
const mostAtOnce = 4
const mostWhenClosing = 16

/** A request to deny: `digest` is that of the terms that were on screen. */
export type Denied = { id: string; digest: string; requester: string; title: string }

/** The draft of the note for a request. A denial keeps it until the server has it. */
export const noteDraft = (requestId: string) => `note ${requestId}`
/** The same for the note that several denials share. */
export const sharedNoteDraft = 'note for several requests'

type Batch = {
  key: number
  requests: Denied[]
  note: string
  isNoteShared: boolean
  dueAt: number
  isSending: boolean
}
type Failure = { request: Denied; sentence: string }

type Denials = {
  /** Denies requests in ten seconds, unless it is taken back. */
  deny: (requests: Denied[], note: string, isNoteShared?: boolean) => void
  undo: (requestId: string) => void
  /** Milliseconds since 1970, by this browser's clock, at which the denial of a request is sent; undefined without one. */
  dueAt: (requestId: string) => number | undefined
}

const Context = createContext<Denials | null>(null)

/** The denials that are waiting to be sent. */
export const useDenials = (): Denials => {
  const denials = useContext(Context)
  if (!denials) throw new Error('useDenials needs a DenialsProvider around it')
  return denials
}

/** Sends one denial. `keepalive`: also when the page is closed meanwhile. Returns why it failed. */
async function send({ id, digest }: Denied, note: string): Promise<string | undefined> {
  try {
    const response = await fetch(`/api/v1/requests/${id}/decisions`, {
      method: 'POST',
      keepalive: true,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ decision: 'deny', digest, ...(note.trim() ? { note } : {}) }),
    })
    if (response.ok) return undefined
    const { detail, title } = await response.json()
    return String(detail ?? title)
  } catch {
    return 'Postern didn’t respond. Check your connection, then deny it again.'
  }
}

/** Keeps denials for ten seconds before it sends them, on whichever page the approver is by then. */
export function DenialsProvider({ children }: { children: ReactNode }) {
  const router = useRouter()
  const forgetDraft = useForgetDraft()
  const [batches, setBatches] = useState<Batch[]>([])
  const [failures, setFailures] = useState<Failure[]>([])
  const timers = useRef(new Map<number, ReturnType<typeof setTimeout>>())
  const lastKey = useRef(0)

  async function sendBatch(batch: Batch, isClosing = false) {
    clearTimeout(timers.current.get(batch.key))
    if (!timers.current.delete(batch.key)) return
    setBatches((all) => all.map((one) => (one.key === batch.key ? { ...one, isSending: true } : one)))
    const left = [...batch.requests]
    const failed: Failure[] = []
    const work = async () => {
      for (let request = left.shift(); request; request = left.shift()) {
        const sentence = await send(request, batch.note)
        if (sentence) failed.push({ request, sentence })
        else forgetDraft(noteDraft(request.id))
      }
    }
    // A page that is being closed waits for nothing.
    await Promise.all(Array.from({ length: isClosing ? left.length : mostAtOnce }, work))
    if (batch.isNoteShared && failed.length === 0) forgetDraft(sharedNoteDraft)
    setBatches((all) => all.filter(({ key }) => key !== batch.key))
    setFailures((all) => [...all, ...failed])
    router.refresh()
  }

  const flush = useEffectEvent(() => {
    for (const batch of batches) void sendBatch(batch, true)
  })
  const warn = useEffectEvent((event: Event) => {
    if (batches.flatMap(({ requests }) => requests).length > mostWhenClosing) event.preventDefault()
  })
  useEffect(() => {
    const onHide = () => flush()
    const onLeave = (event: Event) => warn(event)
    window.addEventListener('pagehide', onHide)
    window.addEventListener('beforeunload', onLeave)
    return () => {
      window.removeEventListener('pagehide', onHide)
      window.removeEventListener('beforeunload', onLeave)
    }
  }, [])

  const denials: Denials = {
    deny(requests, note, isNoteShared = false) {
      lastKey.current += 1
      const batch = {
        ...{ key: lastKey.current, requests, note, isNoteShared },
        ...{ dueAt: Date.now() + graceMs, isSending: false },
      }
      timers.current.set(
        batch.key,
        setTimeout(() => void sendBatch(batch), graceMs),
      )
      setBatches((all) => [...all, batch])
    },
    undo(requestId) {
      const batch = batches.find(({ requests }) => requests.some(({ id }) => id === requestId))
      if (!batch || batch.isSending) return
      clearTimeout(timers.current.get(batch.key))
      timers.current.delete(batch.key)
      setBatches((all) => all.filter(({ key }) => key !== batch.key))
    },
    dueAt: (requestId) => batches.find(({ requests }) => requests.some(({ id }) => id === requestId))?.dueAt,
  }

  const waiting = batches.findLast(({ isSending }) => !isSending)
  return (
    <Context value={denials}>
      {children}
      {(waiting || failures.length > 0) && (
        <div
          data-strip=""
          className="no-print fixed inset-x-0 bottom-bar z-20 max-h-40 overflow-y-auto border-t border-edge bg-raised rail:right-auto rail:bottom-4 rail:left-[calc(220px+1rem)] rail:w-[22rem] rail:rounded-md rail:border rail:shadow-float"
        >
          {failures.length > 0 && <Failures failures={failures} onDismiss={() => setFailures([])} />}
          {waiting && (
            <div className="flex h-12 items-center justify-between gap-3 px-4">
              <span className="min-w-0 truncate">
                <span role="status">
                  Denying <BatchName requests={waiting.requests} />
                </span>{' '}
                <SecondsLeft until={waiting.dueAt} />
              </span>
              <button
                type="button"
                className={buttonStyle('plain')}
                onClick={() => denials.undo(waiting.requests[0]?.id ?? '')}
              >
                Undo
              </button>
            </div>
          )}
        </div>
      )}
    </Context>
  )
}

function BatchName({ requests }: { requests: Denied[] }) {
  const [first, ...others] = requests
  if (others.length > 0 || !first) return <>{requests.length} requests</>
  return (
    <>
      <UntrustedText>{first.requester}</UntrustedText>: <UntrustedText>{first.title}</UntrustedText>
    </>
  )
}

function Failures({ failures, onDismiss }: { failures: Failure[]; onDismiss: () => void }) {
  return (
    <div role="alert" className="flex items-start justify-between gap-3 border-l-3 border-bad px-4 py-2 text-dense">
      <ul>
        {failures.map(({ request, sentence }) => (
          <li key={request.id}>
            Not denied: <UntrustedText>{request.requester}</UntrustedText>,{' '}
            <UntrustedText>{request.title}</UntrustedText>. {sentence}
          </li>
        ))}
      </ul>
      <button type="button" className={buttonStyle('plain')} onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  )
}

/** The seconds until a denial is sent. Screen readers are not told each of them. */
export function SecondsLeft({ until }: { until: number }) {
  // The clock only makes it render each second: its time is the server's, and `until` is by this browser's.
  useNow()
  return (
    <span aria-hidden className="text-muted">
      in {Math.max(0, Math.ceil((until - Date.now()) / 1000))} s
    </span>
  )
}
