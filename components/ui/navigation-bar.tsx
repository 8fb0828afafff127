'use client'
import { useLinkStatus } from 'next/link'

/** A bar along the top of the window while another page loads. */
export function NavigationBar({ pending }: { pending: boolean }) {
  return pending ? <span aria-hidden className="navigating" /> : null
}

/** The bar for the link around it. */
export function LinkPending() {
  return <NavigationBar pending={useLinkStatus().pending} />
}
