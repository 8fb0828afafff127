'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import { onChanges } from './change-stream'

/** Milliseconds over which refreshes are spread, so that many open pages do not reload at once. */
const spreadMs = 300
/** Milliseconds between two refreshes of one page, however much changes. */
const pauseMs = 1_500

/**
 * Keeps a page current: refreshes it after a change of something its reader can see, at once when they come back to it.
 * `renderedAt`: milliseconds since 1970, by the server's clock.
 */
export function LiveRefresh({ renderedAt }: { renderedAt: number }) {
  const router = useRouter()
  // A refresh renders the page again, but the open stream continues.
  const [since] = useState(renderedAt)
  useEffect(() => {
    const ending = new AbortController()
    let isStale = false
    let timer: ReturnType<typeof setTimeout> | undefined
    let refreshedAt = 0

    function refresh() {
      timer = undefined
      if (document.hidden) return
      isStale = false
      refreshedAt = Date.now()
      router.refresh()
    }
    onChanges(
      since,
      () => {
        isStale = true
        const wait = Math.max(0, refreshedAt + pauseMs - Date.now())
        timer ??= setTimeout(refresh, wait + Math.random() * spreadMs)
      },
      ending.signal,
    )
    const comeBack = () => {
      if (!document.hidden && isStale) timer ??= setTimeout(refresh)
    }
    document.addEventListener('visibilitychange', comeBack)
    return () => {
      ending.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', comeBack)
    }
  }, [router, since])
  return null
}
