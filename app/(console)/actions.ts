'use server'
import { cookies } from 'next/headers'
import type { Destination } from '#components/layout/palette'
import { themes } from '#components/layout/theme-choice'
import { requireActor } from '#lib/adapters/auth/session'
import { listEntitlements } from '#lib/views/list-entitlements'
import { themeCookie } from '../theme.ts'

const aYear = 365 * 24 * 60 * 60

/** Remembers the theme in this browser. It concerns no account, so it also works when signed out. */
export async function chooseTheme(form: FormData): Promise<void> {
  // Anyone can call an action with any argument, so only a real form is read.
  const chosen: unknown = form instanceof FormData ? form.get('theme') : undefined
  const theme = themes.find((one) => one === chosen)
  if (theme) (await cookies()).set(themeCookie, theme, { maxAge: aYear, sameSite: 'lax', httpOnly: true, path: '/' })
}

/** Everything the palette lists: the pages, and the entitlements of this person. */
export async function destinations(): Promise<Destination[]> {
  const entitlements = await listEntitlements(await requireActor())
  return [
    { href: '/', title: 'Access', detail: 'your access and requests' },
    { href: '/check-access', title: 'Check access', detail: 'what a cluster lets you do, and through which role' },
    { href: '/inbox', title: 'Inbox', detail: 'requests waiting for your decision' },
    { href: '/live', title: 'Live access', detail: 'who has access now' },
    { href: '/inbox/decided', title: 'Decided by me', detail: 'your decisions' },
    { href: '/history', title: 'History', detail: 'audit events' },
    { href: '/guardrails', title: 'Guardrails', detail: 'the current policy' },
    { href: '/clusters', title: 'Clusters', detail: 'where access is granted' },
    { href: '/notices', title: 'Notices', detail: 'which mails you receive' },
    ...entitlements.map((one) => ({
      href: `/requests/new?entitlement=${encodeURIComponent(one.name)}`,
      title: `Request access: ${one.title}`,
      detail: one.clusters.map((cluster) => cluster.name).join(', '),
    })),
  ]
}
