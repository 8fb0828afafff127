import { Link } from '#components/ui/link'
import type { FormAction } from '#lib/core/access/action-result'
import type { DecisionDraft } from '#lib/core/access/form-input'
import type { RequestResource } from '#lib/core/access/request-resource'
import { DecidePanel } from './decide-panel.tsx'
import { DecisionsList } from './decisions-list.tsx'
import { Headline } from './headline.tsx'
import { Reason } from './reason.tsx'
import { RiskList } from './risk-list.tsx'
import { RulesTable } from './rules-table.tsx'
import { StatusLine } from './status-line.tsx'
import { Steps } from './steps.tsx'
import { VerdictList } from './verdict-list.tsx'
import { aboutTitle } from './words.ts'

type Props = {
  request: RequestResource
  decide: FormAction<DecisionDraft>
}

/** The open request with everything that a decision needs, and the decision itself, without scrolling. */
export function InboxRequest({ request, decide }: Props) {
  return (
    <article className="space-y-5">
      <div>
        <h2 className="text-[1.125rem] leading-6 text-balance">
          <Link href={`/requests/${request.id}`} className="hover:underline">
            <Headline request={request} />
          </Link>
        </h2>
        <div className="mt-1.5 text-dense text-muted">
          <StatusLine request={request} />
        </div>
      </div>
      <section aria-label="Reason">
        <Reason request={request} />
      </section>
      <section>
        <h3 className="mb-1">{aboutTitle(request)}</h3>
        <RulesTable
          rules={request.rules}
          namespaces={request.namespaces}
          clusterRole={request.clusterRole}
          caption="Permissions"
          difference={request.difference}
          who="they"
        />
        <div className="mt-2">
          <RiskList risk={request.risk} />
        </div>
      </section>
      <div className="grid gap-x-8 gap-y-4 md:grid-cols-2">
        <section>
          <h3 className="mb-1">Guardrails</h3>
          <VerdictList verdict={request.verdict} />
        </section>
        <section>
          <h3 className="mb-1">Approval</h3>
          <Steps steps={request.steps} />
        </section>
      </div>
      {request.decisions.length > 0 && (
        <section>
          <h3 className="mb-1">Decisions</h3>
          <DecisionsList decisions={request.decisions} />
        </section>
      )}
      {request.status === 'pending' && <DecidePanel request={request} decide={decide} />}
    </article>
  )
}
