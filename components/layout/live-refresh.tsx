'use client'
import { useRouter } from 'next/navigation'
import { useEffect } from 'react'

// Four seconds: soon enough that nobody reloads by hand, seldom enough that a thousand open inboxes cost a replica
// 250 small queries a second.
const everyMs = 4000

/** Keeps a page true while somebody looks at it, and at once when they come back to it. */
export function LiveRefresh() {
  const router = useRouter()
  useEffect(() => {
    const refresh = () => {
      if (!document.hidden) router.refresh()
    }
    const timer = setInterval(refresh, everyMs)
    window.addEventListener('focus', refresh)
    return () => {
      clearInterval(timer)
      window.removeEventListener('focus', refresh)
    }
  }, [router])
  return null
}
