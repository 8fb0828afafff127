import type { Metadata } from 'next'
import { cookies } from 'next/headers'
import { PageHead } from '#components/layout/page-head'
import { AbsenceForm } from '#components/settings/absence-form'
import { BrowserNotices } from '#components/settings/browser-notices'
import { DisplayForm } from '#components/settings/display-form'
import { GroupsTable } from '#components/settings/groups-table'
import { QuietHoursForm } from '#components/settings/quiet-hours-form'
import { SessionsList } from '#components/settings/sessions-list'
import { Copyable } from '#components/ui/copyable'
import { Link } from '#components/ui/link'
import { Section } from '#components/ui/section'
import { UntrustedText } from '#components/ui/untrusted-text'
import { browserCookie } from '#lib/adapters/auth/cookies'
import { currentSessionId, requireActor } from '#lib/adapters/auth/session'
import { identity } from '#lib/views/me'
import { noticePreferences } from '#lib/views/notice-preferences'
import { ownAbsence } from '#lib/views/own-absence'
import { ownBrowsers } from '#lib/views/own-browsers'
import { ownGroups } from '#lib/views/own-groups'
import { ownSessions } from '#lib/views/own-sessions'
import { browserZone, display } from '../../display.ts'
import { chooseDisplay } from '../actions.ts'
import {
  endOwnAbsence,
  endQuietHours,
  notifyHere,
  saveAbsence,
  saveQuietHours,
  signOutElsewhere,
  stopNotifying,
} from './actions.ts'

export const metadata: Metadata = { title: 'Settings' }

/** How this browser shows Postern, who the person is to Postern, and where they are signed in. */
export default async function SettingsPage() {
  const actor = await requireActor()
  const person = identity(actor)
  const zones = Intl.supportedValuesOf('timeZone')
  const jar = await cookies()
  const [shown, zone, { absence }, { quietHours }, sessions, { publicKey, browsers }] = await Promise.all([
    display(),
    browserZone(),
    ownAbsence(actor),
    noticePreferences(actor),
    currentSessionId().then((here) => ownSessions(actor, here)),
    ownBrowsers(actor, jar.get(browserCookie().name)?.value),
  ])
  return (
    <>
      <PageHead title="Settings" />
      <Section id="display" title="Display" aside="in this browser">
        <DisplayForm display={shown} browserZone={zone} zones={zones} choose={chooseDisplay} />
      </Section>
      <Section id="account" title="Account">
        <dl className="grid grid-cols-[6rem_minmax(0,1fr)] gap-x-4 gap-y-1.5">
          <dt className="text-muted">Name</dt>
          <dd>
            <UntrustedText>{person.name}</UntrustedText>
          </dd>
          <dt className="text-muted">E-mail</dt>
          <dd>
            {person.email ? <UntrustedText>{person.email}</UntrustedText> : 'unknown'}
            {person.email && !person.emailVerified && <span className="text-waiting"> not verified</span>}
          </dd>
          <dt className="text-muted">Subject</dt>
          <dd>
            <Copyable text={person.subject} label="subject" />
          </dd>
          <dt className="text-muted">Roles</dt>
          <dd>{person.roles.join(', ') || 'none'}</dd>
        </dl>
      </Section>
      <Section id="groups" title="Groups">
        <GroupsTable groups={ownGroups(actor)} claim={person.claims.groups ?? ''} issuer={person.issuer} />
      </Section>
      <Section id="notices" title="Notices">
        <Link className="link" href="/notices">
          Choose which notices you receive
        </Link>
      </Section>
      <Section id="browsers" title="Browser notifications">
        <BrowserNotices publicKey={publicKey} browsers={browsers} add={notifyHere} remove={stopNotifying} />
      </Section>
      <Section id="quiet-hours" title="Quiet hours">
        <QuietHoursForm
          quietHours={quietHours}
          zone={shown.zone}
          zones={zones}
          save={saveQuietHours}
          end={endQuietHours}
        />
      </Section>
      <Section id="absence" title="Out of office">
        <AbsenceForm absence={absence} zone={shown.zone} save={saveAbsence} end={endOwnAbsence} />
      </Section>
      <Section id="sessions" title="Sessions">
        <SessionsList sessions={sessions} signOutElsewhere={signOutElsewhere} />
      </Section>
    </>
  )
}
