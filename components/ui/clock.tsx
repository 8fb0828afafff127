'use client'
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'

const Now = createContext(0)

/**
 * One clock for the whole page, set by the server's, so that a browser with a wrong clock still counts down correctly.
 * It ticks once a second, and pauses while the page is hidden.
 * @param now the server's Unix milliseconds when it rendered the page
 */
export function Clock({ now, children }: { now: number; children: ReactNode }) {
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
  return <Now value={time}>{children}</Now>
}

/** Unix milliseconds by the server's clock, updated every second. */
export const useNow = (): number => useContext(Now)
