import type { ReactNode } from 'react'
import { Copyable } from '#components/ui/copyable'
import { Link } from '#components/ui/link'
import { Section } from '#components/ui/section'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FormAction } from '#lib/core/access/action-result'
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import { durationInWords, secondsOf } from '#lib/core/access/duration'
import type { RequestResource } from '#lib/core/access/request-resource'
import { ClusterEvidence } from './cluster-evidence.tsx'
import { Comments, hasComments } from './comments.tsx'
import { CredentialsTable } from './credentials-table.tsx'
import { DecisionsList } from './decisions-list.tsx'
import { Reason } from './reason.tsx'
import { RiskList } from './risk-list.tsx'
import { RulesTable } from './rules-table.tsx'
import { Steps } from './steps.tsx'
import { Timeline } from './timeline.tsx'
import { shortHash, VerdictList } from './verdict-list.tsx'
import { aboutTitle } from './words.ts'

type Props = {
  request: RequestResource
  isMine: boolean
  comment: FormAction<{ text: string }>
  events: AuditEventResource[]
  moreEvents: boolean
  /** May this reader download the events as the log has them? */
  seesLog: boolean
  /** What was done with the grant; null for a reader who may not see it. */
  activity: ReactNode
}

/** A request from top to bottom, as an auditor reads it. Each section has its own link, and the page prints well. */
export function RequestEvidence({ request, isMine, comment, events, moreEvents, seesLog, activity }: Props) {
  const { grant } = request
  const account = grant?.objects.find((one) => one.kind === 'ServiceAccount')
  return (
    <>
      <Section id="reason" title="Reason">
        <Reason request={request} />
      </Section>
      {hasComments(request) && (
        <Section id="comments" title="Comments">
          <Comments request={request} isMine={isMine} comment={comment} />
        </Section>
      )}
      <Section
        id="possible"
        title={aboutTitle(request)}
        aside={
          <>
            digest <Copyable text={request.digest} shown={shortHash(request.digest)} label="digest" />
          </>
        }
      >
        <RulesTable
          rules={request.rules}
          namespaces={request.namespaces}
          clusterRole={request.clusterRole}
          caption="Permissions"
          difference={request.difference}
          who={isMine ? 'you' : 'they'}
        />
        <div className="mt-2">
          <RiskList risk={request.risk} />
        </div>
        {request.submittedTerms && (
          <p className="mt-2 max-w-[72ch] text-dense">
            An approver narrowed this request. It was submitted for{' '}
            {durationInWords(secondsOf(request.submittedTerms.duration))} in{' '}
            <code>{request.submittedTerms.namespaces.join(', ')}</code> with the digest{' '}
            <Copyable
              text={request.submittedTerms.digest}
              shown={shortHash(request.submittedTerms.digest)}
              label="submitted digest"
            />
          </p>
        )}
      </Section>
      <Section
        id="verdict"
        title="Verdict"
        aside={
          <>
            policy{' '}
            <Copyable
              text={request.verdict.policyVersion}
              shown={shortHash(request.verdict.policyVersion)}
              label="policy version"
            />
          </>
        }
      >
        <VerdictList verdict={request.verdict} />
      </Section>
      <Section id="decisions" title="Decisions">
        {(request.status === 'pending' || request.steps.length === 0) && (
          <Steps
            steps={request.steps}
            isBreakGlass={request.reviewDueAt !== null}
            condition={request.verdict.automatic}
          />
        )}
        {(request.decisions.length > 0 || request.steps.length > 0) && <DecisionsList decisions={request.decisions} />}
      </Section>
      <Section
        id="cluster"
        title="In the cluster"
        aside={
          grant && (
            <>
              grant <Copyable text={grant.id} label="grant ID" />
            </>
          )
        }
      >
        <ClusterEvidence grant={grant} />
        {grant?.endNote && (
          <p className="mt-2 text-dense">
            Reason for ending: <UntrustedText lines>{grant.endNote}</UntrustedText>
          </p>
        )}
      </Section>
      <Section id="credentials" title="Credentials">
        <CredentialsTable credentials={grant?.credentials ?? []} />
      </Section>
      {account && (
        <Section id="activity" title="What was done with it">
          {activity ?? (
            <p className="text-dense text-muted">
              The holder, auditors and admins can see the calls that were made with this access.
            </p>
          )}
          <p className="mt-2 max-w-[72ch] text-dense text-muted">
            In the API server’s audit log, every call made with this grant has the user{' '}
            <Copyable wrap text={`system:serviceaccount:${account.namespace}:${account.name}`} label="user name" />
          </p>
        </Section>
      )}
      <Section
        id="timeline"
        title="Timeline"
        aside={
          <>
            {seesLog && (
              <a className="link mr-4" download href={`/api/v1/requests/${request.id}/evidence`}>
                Download evidence
              </a>
            )}
            <Link className="link" href={`/history?request=${request.id}`}>
              View in history
            </Link>
          </>
        }
      >
        <Timeline events={events} />
        {moreEvents && <p className="mt-2 text-dense text-muted">Older events are in History.</p>}
      </Section>
      <p className="mt-8 hidden text-dense text-muted print:block">
        Printed <Time at={new Date().toISOString()} as="exact" withZone />
      </p>
    </>
  )
}
