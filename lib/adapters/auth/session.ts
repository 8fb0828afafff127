import 'server-only'
import { cookies, headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { cache } from 'react'
import type { PersonActor } from '#lib/core/access/actor'
import { actorOfSession } from './actor-of-session.ts'
import { sessionCookieName, sessionFrom } from './cookies.ts'
import { originOf } from './origin.ts'
import { pathHeader } from './path-header.ts'
import { pathWithin } from './return-path.ts'

/** The signed-in actor of a page or an action, read from the database once per request; null without a session. */
export const currentActor = cache(async (): Promise<PersonActor | null> => {
  const [jar, sent] = await Promise.all([cookies(), headers()])
  const cookie = jar.get(sessionCookieName())?.value
  return cookie === undefined ? null : actorOfSession(cookie, originOf(sent, 'browser'))
})

/** The id of the session that a page or an action was called with; null where Postern did not issue its cookie. */
export async function currentSessionId(): Promise<string | null> {
  const named = await sessionFrom((await cookies()).get(sessionCookieName())?.value)
  return named?.id ?? null
}

/** The signed-in actor. Without a session it redirects to the sign-in page, which leads back here. */
export async function requireActor(): Promise<PersonActor> {
  const actor = await currentActor()
  if (actor) return actor
  const path = pathWithin((await headers()).get(pathHeader) ?? '/', 'http://localhost')
  redirect(path === '/' ? '/sign-in' : `/sign-in?from=${encodeURIComponent(path)}`)
}
