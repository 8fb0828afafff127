import { Fragment } from 'react'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { secondsOf, shortDuration } from '#lib/core/access/duration'
import { groupInWords, groupsInWords, isReservedGroup, noGroupInWords } from '#lib/core/access/on-call'
import type { EligiblePerson, StepResource } from '#lib/core/access/step-resource'
import { StatusMark } from './status-mark.tsx'

type Props = { steps: StepResource[]; peopleKnown?: boolean; isBreakGlass?: boolean; condition?: string | null }

/** The approval steps: who has approved and who is eligible. `peopleKnown` is false while the eligible people aren't loaded. */
export function Steps({ steps, peopleKnown = true, isBreakGlass = false, condition = null }: Props) {
  if (steps.length === 0 && isBreakGlass)
    return <p className="text-dense">Break-glass access: no approval before it, and a review after it.</p>
  if (steps.length === 0 && condition !== null)
    return (
      <p className="text-dense">
        No approval needed: the condition of the entitlement holds. <code>{condition}</code>
      </p>
    )
  if (steps.length === 0)
    return <p className="text-dense">No approval needed: this entitlement is approved automatically.</p>
  return (
    <ul className="text-dense">
      {steps.map((step) => {
        const complete = step.approvedBy.length >= step.count
        return (
          <li key={step.groups.join(' ')} className="flex gap-2 py-1">
            <span className="pt-0.5">
              <StatusMark status={complete ? 'approved' : 'pending'} wordless />
            </span>
            <div className="min-w-0">
              <p>
                {step.approvedBy.length > 0 && !complete && `${step.approvedBy.length} of ${step.count} from `}
                {step.approvedBy.length === 0 && `${step.count} of `}
                {complete && 'From '}
                {step.groups.length === 0 && noGroupInWords}
                {step.groups.map((group, index) => (
                  <Fragment key={group}>
                    {index > 0 && ' or '}
                    {isReservedGroup(group) ? (
                      <UntrustedText>{groupInWords(group)}</UntrustedText>
                    ) : (
                      <code className="font-strong">
                        <UntrustedText>{group}</UntrustedText>
                      </code>
                    )}
                  </Fragment>
                ))}
              </p>
              {step.approvedBy.length > 0 && (
                <p className="text-good">
                  Approved by <UntrustedText>{step.approvedBy.map((one) => one.name).join(', ')}</UntrustedText>
                </p>
              )}
              {!complete &&
                step.onCall.map(({ rota, email, until, asOf }) => (
                  <p key={`${rota} ${email}`}>
                    On call for {rota}: <UntrustedText>{nameOf(email, step.eligible)}</UntrustedText> until{' '}
                    <Time at={until} />
                    {asOf && (
                      <>
                        {' '}
                        (read <Time at={asOf} />)
                      </>
                    )}
                  </p>
                ))}
              {!complete &&
                step.unavailable.map(({ rota, since, isTooOld }) => (
                  <p key={rota} className="text-ending">
                    The rota {rota} can’t be read
                    {since && (
                      <>
                        {' '}
                        (failing <Time at={since} />)
                      </>
                    )}
                    : {isTooOld ? 'no one counts as on call' : 'who is on call may be out of date'}
                  </p>
                ))}
              {!complete && step.unknown.length > 0 && (
                <p className="text-ending">
                  Postern knows no one else who is <UntrustedText>{step.unknown.join(' or ')}</UntrustedText>
                </p>
              )}
              {!complete && peopleKnown && <Absences people={step.eligible} />}
              {!complete && peopleKnown && <QuietHours step={step} />}
              {!complete && <Escalations step={step} />}
              {!complete && peopleKnown && (
                <p className="text-muted">
                  {step.eligible.length > 0 ? (
                    <>
                      Eligible: <UntrustedText>{names(step.eligible.map(inWords))}</UntrustedText>
                    </>
                  ) : (
                    'No one who may approve it has signed in to Postern yet'
                  )}
                </p>
              )}
            </div>
          </li>
        )
      })}
    </ul>
  )
}

/** Who is away, and who is notified instead. Both may approve. */
function Absences({ people }: { people: EligiblePerson[] }) {
  return people.map(
    ({ id, name, awayUntil, notifiedInstead }) =>
      awayUntil && (
        <p key={id} className="text-ending">
          <UntrustedText>{name}</UntrustedText> is away until <Time at={awayUntil} as="exact" />
          {notifiedInstead && (
            <>
              ; <UntrustedText>{notifiedInstead.name}</UntrustedText> is notified instead
            </>
          )}
        </p>
      ),
  )
}

/** Whose mails wait until when, and whether anyone is notified before. */
function QuietHours({ step: { eligible, quietUntil, escalations } }: { step: StepResource }) {
  const escalates = escalations.some(({ isDone }) => !isDone)
  return (
    <>
      {eligible.map(
        ({ id, name, quietUntil }) =>
          quietUntil && (
            <p key={id} className="text-ending">
              <UntrustedText>{name}</UntrustedText> has quiet hours until <Time at={quietUntil} as="exact" />
            </p>
          ),
      )}
      {quietUntil && (
        <p className="text-ending">
          No one who may approve this receives a mail before <Time at={quietUntil} as="exact" />. They can still approve
          it{escalates ? ', and the escalation is mailed at any hour.' : '.'}
        </p>
      )}
    </>
  )
}

/** To whom the step is escalated: those that happened, and the next one. */
function Escalations({ step: { escalations } }: { step: StepResource }) {
  const done = escalations.filter(({ isDone }) => isDone)
  const next = escalations.find(({ isDone }) => !isDone)
  return (
    <>
      {done.map(({ groups, at }) => (
        <p key={at} className="text-ending">
          Escalated to <UntrustedText>{groupsInWords(groups)}</UntrustedText> <Time at={at} />
        </p>
      ))}
      {next && (
        <p className="text-muted">
          Escalates to <UntrustedText>{groupsInWords(next.groups)}</UntrustedText> <Time at={next.at} />
        </p>
      )}
    </>
  )
}

/** The person's name if they have signed in to Postern; otherwise their address. */
const nameOf = (email: string, people: StepResource['eligible']) =>
  people.find((one) => one.email?.toLowerCase() === email.toLowerCase())?.name ?? email

const inWords = ({ name, isOnCall, usualTime }: EligiblePerson) => {
  const usual = usualTime ? [`usually ${shortDuration(secondsOf(usualTime))}`] : []
  const more = [...(isOnCall ? ['on call'] : []), ...usual]
  return more.length > 0 ? `${name} (${more.join(', ')})` : name
}

const names = (all: string[]) =>
  all.length > 4 ? `${all.slice(0, 3).join(', ')} and ${all.length - 3} others` : all.join(', ')
