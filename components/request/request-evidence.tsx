import Link from 'next/link'
import { Copyable } from '#components/ui/copyable'
import { Section } from '#components/ui/section'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { durationInWords, secondsOf } from '#lib/core/access/duration'
import type { AuditEventResource, RequestResource } from '#lib/core/access/resources'
import { ClusterEvidence } from './cluster-evidence.tsx'
import { CredentialsTable } from './credentials-table.tsx'
import { DecisionsList } from './decisions-list.tsx'
import { Reason } from './reason.tsx'
import { RiskList } from './risk-list.tsx'
import { RulesTable } from './rules-table.tsx'
import { Steps } from './steps.tsx'
import { Timeline } from './timeline.tsx'
import { shortHash, VerdictList } from './verdict-list.tsx'
import { aboutTitle } from './words.ts'

type Props = { request: RequestResource; isMine: boolean; events: AuditEventResource[]; moreEvents: boolean }

/** A request from top to bottom, as an auditor reads it: each part links to itself, and prints as it stands. */
export function RequestEvidence({ request, isMine, events, moreEvents }: Props) {
  const { grant } = request
  const account = grant?.objects.find((one) => one.kind === 'ServiceAccount')
  return (
    <>
      <Section id="why" title="Why">
        <Reason request={request} />
      </Section>
      <Section
        id="possible"
        title={aboutTitle(request)}
        aside={
          <>
            digest <Copyable text={request.digest} shown={shortHash(request.digest)} label="the digest" />
          </>
        }
      >
        <RulesTable
          rules={request.rules}
          namespaces={request.namespaces}
          clusterRole={request.clusterRole}
          caption="What becomes possible"
          difference={request.difference}
          who={isMine ? 'you' : 'they'}
        />
        <div className="mt-2">
          <RiskList risk={request.risk} />
        </div>
        {request.submittedTerms && (
          <p className="mt-2 max-w-[72ch] text-dense">
            An approver allowed less than was asked for, which was{' '}
            {durationInWords(secondsOf(request.submittedTerms.duration))} in{' '}
            <code>{request.submittedTerms.namespaces.join(', ')}</code> under the digest{' '}
            <Copyable
              text={request.submittedTerms.digest}
              shown={shortHash(request.submittedTerms.digest)}
              label="the digest first asked"
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
              label="the policy version"
            />
          </>
        }
      >
        <VerdictList verdict={request.verdict} />
      </Section>
      <Section id="decisions" title="Decisions">
        {(request.status === 'pending' || request.steps.length === 0) && <Steps steps={request.steps} />}
        {(request.decisions.length > 0 || request.steps.length > 0) && <DecisionsList decisions={request.decisions} />}
      </Section>
      <Section
        id="cluster"
        title="In the cluster"
        aside={
          grant && (
            <>
              grant <Copyable text={grant.id} label="the grant's id" />
            </>
          )
        }
      >
        <ClusterEvidence grant={grant} />
        {grant?.endNote && (
          <p className="mt-2 text-dense">
            Ended with the words: <UntrustedText lines>{grant.endNote}</UntrustedText>
          </p>
        )}
      </Section>
      <Section id="credentials" title="Credentials">
        <CredentialsTable credentials={grant?.credentials ?? []} />
      </Section>
      {account && (
        <Section id="activity" title="What was done with it">
          <p className="max-w-[72ch] text-dense">
            In the API server’s own audit log, every call made with this grant carries the user{' '}
            <Copyable
              wrap
              text={`system:serviceaccount:${account.namespace}:${account.name}`}
              label="the user of these calls"
            />
          </p>
        </Section>
      )}
      <Section
        id="timeline"
        title="Timeline"
        aside={
          <Link className="link" href={`/history?request=${request.id}`}>
            in the history
          </Link>
        }
      >
        <Timeline events={events} />
        {moreEvents && <p className="mt-2 text-dense text-muted">Earlier events are in the history.</p>}
      </Section>
      <p className="mt-8 hidden text-dense text-muted print:block">
        Printed <Time at={new Date().toISOString()} as="exact" /> UTC
      </p>
    </>
  )
}
