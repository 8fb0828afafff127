import { redirect } from 'next/navigation'
import { requireActor } from '#lib/adapters/auth/session'
import { startPage } from '#lib/views/start-page'

/** Leads each person to where their work begins. */
export default async function StartPage() {
  redirect(startPage(await requireActor()))
}
