import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { PageHead } from '#components/layout/page-head'
import { ChannelSection } from '#components/notice/channel-section'
import { Empty } from '#components/ui/empty'
import { requireActor } from '#lib/adapters/auth/session'
import { hasRole } from '#lib/core/access/actor'
import { seesEverything } from '#lib/core/access/may-see'
import { listNotices } from '#lib/views/list-notices'
import { sendAgain } from './actions.ts'

export const metadata: Metadata = { title: 'Notices' }

/** For auditors and admins: notices that wait, and notices that were given up. For everyone else there is no such page. */
export default async function NoticesPage() {
  const actor = await requireActor()
  if (!seesEverything(actor)) notFound()
  const { channels, dead } = await listNotices(actor)
  return (
    <>
      <PageHead title="Notices">Mails and messages that are not delivered yet, or that Postern has given up.</PageHead>
      {channels.length === 0 ? (
        <Empty title="Everything is delivered.">Notices that a channel refuses would be listed here.</Empty>
      ) : (
        channels.map((channel) => (
          <ChannelSection
            key={channel.channel}
            channel={channel}
            dead={dead.filter((one) => one.channel === channel.channel)}
            sendAgain={hasRole(actor, 'admin') ? sendAgain : null}
          />
        ))
      )}
    </>
  )
}
