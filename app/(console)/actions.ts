'use server'
import { cookies } from 'next/headers'
import type { Destination } from '#components/layout/palette'
import { themes } from '#components/layout/theme-choice'
import { requireActor } from '#lib/adapters/auth/session'
import { listEntitlements } from '#lib/views/list-entitlements'
import { themeCookie } from '../theme.ts'

const aYear = 365 * 24 * 60 * 60

/** Remembers the theme in this browser. Says nothing about anybody, so it needs no one to be signed in. */
export async function chooseTheme(form: FormData): Promise<void> {
  // Anybody may call an action with anything: only a form has a theme in it.
  const chosen: unknown = form instanceof FormData ? form.get('theme') : undefined
  const theme = themes.find((one) => one === chosen)
  if (theme) (await cookies()).set(themeCookie, theme, { maxAge: aYear, sameSite: 'lax', httpOnly: true, path: '/' })
}

/** Everywhere the palette leads: the pages, and what this person may ask for. */
export async function destinations(): Promise<Destination[]> {
  const entitlements = await listEntitlements(await requireActor())
  return [
    { href: '/', title: 'Access', detail: 'what you hold and asked for' },
    { href: '/check-access', title: 'Why can’t I?', detail: 'what a cluster allows you, and by which role' },
    { href: '/inbox', title: 'Inbox', detail: 'what waits for your decision' },
    { href: '/history', title: 'History', detail: 'what happened' },
    { href: '/guardrails', title: 'Guardrails', detail: 'what is in force' },
    { href: '/clusters', title: 'Clusters', detail: 'where access is given' },
    ...entitlements.map((one) => ({
      href: `/requests/new?entitlement=${encodeURIComponent(one.name)}`,
      title: `Ask: ${one.title}`,
      detail: one.clusters.map((cluster) => cluster.name).join(', '),
    })),
  ]
}
