import type { ReactNode } from 'react'
import { Frame } from '#components/layout/frame'
import { Shortcuts } from '#components/layout/shortcuts'
import { DenialsProvider } from '#components/request/denials'
import { DraftsOf } from '#components/ui/drafts'
import { requireActor } from '#lib/adapters/auth/session'
import { attention } from '#lib/views/attention'
import { inboxCount } from '#lib/views/inbox-count'
import { destinations } from './actions.ts'

/** The frame around every page of a signed-in person. NB: each page and action checks access itself; the frame only decorates. */
export default async function ConsoleLayout({ children }: { children: ReactNode }) {
  const actor = await requireActor()
  const [waiting, notes] = await Promise.all([inboxCount(actor), attention(actor)])
  return (
    <Frame
      me={{ ...actor.person, username: actor.person.username ?? null, roles: actor.roles }}
      inboxCount={waiting}
      attention={notes}
    >
      <DraftsOf person={actor.person.id}>
        <DenialsProvider>{children}</DenialsProvider>
      </DraftsOf>
      <Shortcuts destinations={destinations} />
    </Frame>
  )
}
