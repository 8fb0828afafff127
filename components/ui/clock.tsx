'use client'
import { useRouter } from 'next/navigation'
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'
import { browserZoneCookie } from '#lib/core/access/display'

const Now = createContext(0)
const Zone = createContext({ zone: 'UTC', isUtcFirst: false })

type Props = {
  /** The server's Unix milliseconds when it rendered the page. */
  now: number
  /** The reader's time zone, as the server knows it. */
  zone: string
  isZoneChosen: boolean
  isUtcFirst: boolean
  children: ReactNode
}

/**
 * One clock for the whole page, set by the server's, so that a browser with a wrong clock still counts down correctly.
 * It ticks once a second, and pauses while the page is hidden. Its time zone is the one that the server rendered the
 * page with, so that no time changes when scripts take over.
 */
export function Clock({ now, zone, isZoneChosen, isUtcFirst, children }: Props) {
  const [time, setTime] = useState(now)
  useEffect(() => {
    const ahead = now - Date.now()
    const tick = () => {
      if (!document.hidden) setTime(Date.now() + ahead)
    }
    const timer = setInterval(tick, 1000)
    document.addEventListener('visibilitychange', tick)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', tick)
    }
  }, [now])
  useBrowserZone(zone, isZoneChosen)
  return (
    <Zone value={{ zone, isUtcFirst }}>
      <Now value={time}>{children}</Now>
    </Zone>
  )
}

/** Tells the server the browser's time zone. It is known from the sign-in page on; here it changes after a journey. */
function useBrowserZone(shown: string, isZoneChosen: boolean) {
  const router = useRouter()
  useEffect(() => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
    const cookie = `${browserZoneCookie}=${encodeURIComponent(timeZone)}`
    if (document.cookie.split('; ').includes(cookie)) return
    // biome-ignore lint/suspicious/noDocumentCookie: Safari lacks the Cookie Store API
    document.cookie = `${cookie}; Path=/; Max-Age=31536000; SameSite=Lax${location.protocol === 'https:' ? '; Secure' : ''}`
    if (!isZoneChosen && timeZone !== shown) router.refresh()
  }, [router, shown, isZoneChosen])
}

/** Unix milliseconds by the server's clock, updated every second. */
export const useNow = (): number => useContext(Now)

/** The zone of the times on this page, and the other one, which a pointer on a time shows. */
export function useZones(): { shown: string; other: string } {
  const { zone, isUtcFirst } = useContext(Zone)
  return isUtcFirst ? { shown: 'UTC', other: zone } : { shown: zone, other: 'UTC' }
}
