import type { Metadata } from 'next'
import { PageHead } from '#components/layout/page-head'
import { ChannelSection } from '#components/notice/channel-section'
import { PreferencesForm } from '#components/notice/preferences-form'
import { Empty } from '#components/ui/empty'
import { requireActor } from '#lib/adapters/auth/session'
import { hasRole } from '#lib/core/access/actor'
import { seesEverything } from '#lib/core/access/may-see'
import { hasVerifiedEmail } from '#lib/core/access/same-person'
import { listNotices } from '#lib/views/list-notices'
import { noticePreferences } from '#lib/views/notice-preferences'
import { saveNoticePreferences, sendAgain } from './actions.ts'

export const metadata: Metadata = { title: 'Notices' }

/** What a person is notified of; for auditors and admins also what is not delivered. */
export default async function NoticesPage() {
  const actor = await requireActor()
  const { person } = actor
  const [{ muted }, undelivered] = await Promise.all([
    noticePreferences(actor),
    seesEverything(actor) ? listNotices(actor) : null,
  ])
  return (
    <>
      <PageHead title="Notices">What Postern notifies you of.</PageHead>
      <PreferencesForm
        muted={muted}
        email={hasVerifiedEmail(person) ? person.email : null}
        save={saveNoticePreferences}
      />
      {undelivered?.channels.length === 0 && (
        <div className="mt-8">
          <Empty title="Everything is delivered.">Notices that a channel refuses would be listed here.</Empty>
        </div>
      )}
      {undelivered?.channels.map((channel) => (
        <ChannelSection
          key={channel.channel}
          channel={channel}
          dead={undelivered.dead.filter((one) => one.channel === channel.channel)}
          sendAgain={hasRole(actor, 'admin') ? sendAgain : null}
        />
      ))}
    </>
  )
}
