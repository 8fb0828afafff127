import { cookies } from 'next/headers'
import { browserZoneCookie, type Theme, themes } from '#lib/core/access/display'
import { isTimeZone } from '#lib/core/access/time-zone'

// How this browser shows Postern. It concerns no account, so it is stored in cookies and works when signed out. The first
// paint already has it.

export const displayCookies = {
  theme: 'postern.theme',
  /** The chosen time zone; without it, that of the browser. */
  zone: 'postern.zone',
  times: 'postern.times',
  keys: 'postern.keys',
} as const

export type Display = {
  theme: Theme
  /** The zone of the reader: the chosen one, or that of the browser, or UTC before that is known. */
  zone: string
  isZoneChosen: boolean
  /** UTC first, and the reader's own time on hover. */
  isUtcFirst: boolean
  /** Do single letters work as shortcuts? (WCAG 2.1.4) */
  hasSingleKeys: boolean
}

/** The time zone in a cookie, which anyone can set to anything. */
async function zoneIn(cookie: string): Promise<string | undefined> {
  const zone = (await cookies()).get(cookie)?.value
  return zone !== undefined && isTimeZone(zone) ? zone : undefined
}

/** The time zone of the browser; undefined until one of its scripts has told it. */
export const browserZone = () => zoneIn(browserZoneCookie)

export async function display(): Promise<Display> {
  const jar = await cookies()
  const value = (name: string) => jar.get(name)?.value
  const [chosen, ofBrowser] = await Promise.all([zoneIn(displayCookies.zone), browserZone()])
  return {
    theme: themes.find((theme) => theme === value(displayCookies.theme)) ?? 'system',
    zone: chosen ?? ofBrowser ?? 'UTC',
    isZoneChosen: chosen !== undefined,
    isUtcFirst: value(displayCookies.times) === 'utc',
    hasSingleKeys: value(displayCookies.keys) !== 'off',
  }
}
