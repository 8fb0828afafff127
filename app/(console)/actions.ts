'use server'
import { cookies } from 'next/headers'
import type { Destination } from '#components/layout/palette'
import { requireActor } from '#lib/adapters/auth/session'
import { themes } from '#lib/core/access/display'
import { isTimeZone } from '#lib/core/access/time-zone'
import { listEntitlements } from '#lib/views/list-entitlements'
import { reportScope } from '#lib/views/report-scope'
import { displayCookies } from '../display.ts'

const aYear = 365 * 24 * 60 * 60

/** What each setting may be. The zone is empty for that of the browser. */
const choices: Record<keyof typeof displayCookies, (value: string) => boolean> = {
  theme: (value) => themes.some((theme) => theme === value),
  zone: (value) => value === '' || isTimeZone(value),
  times: (value) => value === 'local' || value === 'utc',
  keys: (value) => value === 'on' || value === 'off',
}

/**
 * Remembers in this browser how to show Postern: the settings that the form has. It concerns no account, so it also works
 * when signed out.
 */
export async function chooseDisplay(form: FormData): Promise<void> {
  const jar = await cookies()
  for (const [name, isChoice] of Object.entries(choices)) {
    // Anyone can call an action with any argument, so only a real form is read.
    const value: unknown = form instanceof FormData ? form.get(name) : undefined
    if (typeof value !== 'string' || !isChoice(value)) continue
    const cookie = displayCookies[name as keyof typeof displayCookies]
    if (value === '') jar.delete(cookie)
    else jar.set(cookie, value, { maxAge: aYear, sameSite: 'lax', httpOnly: true, path: '/' })
  }
}

/** Everything the palette lists: the pages, and the entitlements of this person. */
export async function destinations(): Promise<Destination[]> {
  const actor = await requireActor()
  const entitlements = await listEntitlements(actor)
  return [
    { href: '/access', title: 'Access', detail: 'your access and requests' },
    { href: '/check-access', title: 'Check access', detail: 'what a cluster lets you do, and through which role' },
    { href: '/inbox', title: 'Inbox', detail: 'requests waiting for your decision' },
    { href: '/live', title: 'Live access', detail: 'who has access now' },
    { href: '/inbox/decided', title: 'Decided by me', detail: 'your decisions' },
    { href: '/inbox/reviews', title: 'Break-glass reviews', detail: 'access that began without an approval' },
    { href: '/history', title: 'History', detail: 'audit events' },
    { href: '/activity', title: 'Activity', detail: 'calls that were made with access' },
    ...(reportScope(actor)
      ? [{ href: '/reports', title: 'Reports', detail: 'decisions, grants, refusals and break-glass access' }]
      : []),
    { href: '/guardrails', title: 'Guardrails', detail: 'the current policy' },
    { href: '/clusters', title: 'Clusters', detail: 'where access is granted' },
    { href: '/notices', title: 'Notices', detail: 'which notices you receive' },
    { href: '/settings', title: 'Settings', detail: 'time zone, theme, shortcuts, groups, browsers, sessions' },
    ...entitlements.map((one) => ({
      href: `/requests/new?entitlement=${encodeURIComponent(one.name)}`,
      title: `Request access: ${one.title}`,
      detail: one.clusters.map((cluster) => cluster.name).join(', '),
    })),
  ]
}
