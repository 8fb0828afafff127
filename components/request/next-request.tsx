'use client'
import { useRouter } from 'next/navigation'
import { useEffect } from 'react'
import { LinkButton } from '#components/ui/link-button'
import { type InboxHref, withRequest } from '#lib/core/approvals/inbox-filter'
import { useDenials } from './denials.tsx'

/** Set between leaving one request by *Next request* and arriving at another. */
let isMovingOn = false

type Props = {
  /** The waiting requests after the open one, in the order of the list, and then those before it. */
  following: string[]
  /** The address of the inbox with its filter; the next request is added to it. */
  inbox: InboxHref
}

/** Opens the next waiting request. It receives the focus that the pressed decision button has lost. */
export function NextRequest({ following, inbox }: Props) {
  const { dueAt } = useDenials()
  const next = following.find((id) => dueAt(id) === undefined)
  useEffect(() => {
    if (document.activeElement === document.body) document.getElementById('next-request')?.focus()
  }, [])
  return (
    <LinkButton
      id="next-request"
      kind="primary"
      href={next ? withRequest(inbox, next) : inbox}
      onClick={() => {
        isMovingOn = true
      }}
    >
      {next ? 'Next request' : 'Back to the list'}
    </LinkButton>
  )
}

/** Moves the focus to the headline of a request that *Next request* has opened. */
export function FocusAfterNext({ headline }: { headline: string }) {
  useEffect(() => {
    if (!isMovingOn) return
    isMovingOn = false
    const element = document.getElementById(headline)
    element?.scrollIntoView({ block: 'nearest' })
    element?.focus()
  }, [headline])
  return null
}

/**
 * Keeps the open request open when the list changes, by naming it in the address. A phone shows the list alone until a
 * request is chosen, so there the address stays.
 */
export function KeepOpen({ href }: { href: InboxHref }) {
  const router = useRouter()
  useEffect(() => {
    if (matchMedia('(min-width: 56rem)').matches) router.replace(href, { scroll: false })
  }, [router, href])
  return null
}
