import type { ReactNode } from 'react'
import { Frame } from '#components/layout/frame'
import { Shortcuts } from '#components/layout/shortcuts'
import { SignOut } from '#components/layout/sign-out'
import { ThemeChoice } from '#components/layout/theme-choice'
import { DenialsProvider } from '#components/request/denials'
import { requireActor } from '#lib/adapters/auth/session'
import { attention } from '#lib/views/attention'
import { inboxCount } from '#lib/views/inbox-count'
import { chosenTheme } from '../theme.ts'
import { chooseTheme, destinations } from './actions.ts'

/** The frame around every page of a signed-in person. NB: each page and action checks access itself; the frame only decorates. */
export default async function ConsoleLayout({ children }: { children: ReactNode }) {
  const actor = await requireActor()
  const [waiting, notes, theme] = await Promise.all([inboxCount(actor), attention(actor), chosenTheme()])
  return (
    <Frame
      me={{ ...actor.person, username: actor.person.username ?? null, roles: actor.roles }}
      inboxCount={waiting}
      attention={notes}
      controls={
        <>
          <ThemeChoice theme={theme} choose={chooseTheme} />
          <SignOut />
        </>
      }
    >
      <DenialsProvider>{children}</DenialsProvider>
      <Shortcuts destinations={destinations} />
    </Frame>
  )
}
