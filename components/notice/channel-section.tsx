'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { ScrollTable } from '#components/ui/scroll-table'
import { Section } from '#components/ui/section'
import { SubmitButton } from '#components/ui/submit-button'
import { Time, ZoneName } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FormAction } from '#lib/core/access/action-result'
import type { ChannelResource, DeadNotice } from '#lib/core/access/notice-resource'
import { type ChannelName, channelLabels, kindLabels, type NoticeKind } from '#lib/core/notices/kinds'
import { useFormAnswer } from '../ui/use-form-answer.ts'

type Props = {
  channel: ChannelResource
  dead: DeadNotice[]
  /** Null for readers who may not send anything again. */
  sendAgain: FormAction | null
}

const labelOf = (channel: string) => channelLabels[channel as ChannelName] ?? channel

function SendAgain({ channel, sendAgain }: { channel: string; sendAgain: FormAction }) {
  const { answer, form } = useFormAnswer(sendAgain)
  return (
    <form {...form} className="my-3">
      <input type="hidden" name="channel" value={channel} />
      <SubmitButton pending="Sending again…">Send again</SubmitButton>
      <ActionProblem error={answer.error} />
    </form>
  )
}

/** One channel: what waits, what was given up, and why. */
export function ChannelSection({ channel, dead, sendAgain }: Props) {
  const { waiting, waitingSince, lastError } = channel
  return (
    <Section id={channel.channel} title={labelOf(channel.channel)}>
      <p>
        {waiting === 0
          ? 'No notice waits.'
          : `${waiting === 1 ? '1 notice waits' : `${waiting} notices wait`}, the oldest since `}
        {waitingSince && <Time at={waitingSince} />}
        {lastError && (
          <>
            {' '}
            Last error: <UntrustedText>{lastError}</UntrustedText>
          </>
        )}
      </p>
      {channel.dead > 0 && (
        <>
          <p>{channel.dead === 1 ? '1 notice was given up.' : `${channel.dead} notices were given up.`}</p>
          {sendAgain && <SendAgain channel={channel.channel} sendAgain={sendAgain} />}
          <ScrollTable caption={`Notices that were given up: ${labelOf(channel.channel)}`}>
            <thead>
              <tr>
                <th scope="col">Notice</th>
                <th scope="col">Recipient</th>
                <th scope="col">Request</th>
                <th scope="col">Attempts</th>
                <th scope="col">
                  Given up (<ZoneName />)
                </th>
                <th scope="col">Error</th>
              </tr>
            </thead>
            <tbody>
              {dead.map((one) => (
                <tr key={one.id}>
                  <td>{kindLabels[one.kind as NoticeKind] ?? one.kind}</td>
                  <td>{one.recipient ? <UntrustedText>{one.recipient}</UntrustedText> : 'the channel'}</td>
                  <td>
                    {one.requestId && (
                      <a className="link" href={`/requests/${one.requestId}`}>
                        Open
                      </a>
                    )}
                  </td>
                  <td>{one.attempts}</td>
                  <td>
                    <Time at={one.at} as="exact" />
                  </td>
                  <td>{one.error && <UntrustedText>{one.error}</UntrustedText>}</td>
                </tr>
              ))}
            </tbody>
          </ScrollTable>
        </>
      )}
    </Section>
  )
}
