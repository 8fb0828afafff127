import { Link } from '#components/ui/link'
import type { FormAction } from '#lib/core/access/action-result'
import type { DecisionDraft } from '#lib/core/access/form-input'
import type { RequestResource } from '#lib/core/access/request-resource'
import type { InboxHref } from '#lib/core/approvals/inbox-filter'
import { Comments, hasComments } from './comments.tsx'
import { Decision } from './decision.tsx'
import { barStyle } from './decision-bar.ts'
import { DecisionsList } from './decisions-list.tsx'
import { Headline } from './headline.tsx'
import { FocusAfterNext, NextRequest } from './next-request.tsx'
import { RevokeAction } from './on-demand.tsx'
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
  comment: FormAction<{ text: string }>
  revoke: FormAction<{ reason: string }>
  isMine: boolean
  /** The waiting requests to go on with, and the address of the list. */
  following: string[]
  inbox: InboxHref
}

const headline = 'request-headline'

/**
 * The open request with everything that a decision needs. On a wide screen the headline and the decision stay in place,
 * and only what is between them scrolls.
 */
export function InboxRequest({ request, decide, comment, revoke, isMine, following, inbox }: Props) {
  const next = <NextRequest following={following} inbox={inbox} />
  return (
    <article className="rail:flex rail:h-full rail:min-h-0 rail:flex-col print:block">
      <FocusAfterNext headline={headline} />
      <div className="pb-3 rail:border-b rail:border-line">
        <h2 id={headline} tabIndex={-1} className="text-[1.125rem] leading-6 text-balance outline-none">
          <Link href={`/requests/${request.id}`} className="hover:underline">
            <Headline request={request} />
          </Link>
        </h2>
        <div className="mt-1.5 text-dense text-muted">
          <StatusLine request={request} />
        </div>
      </div>
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        aria-label="Details of the request"
        className="relative space-y-5 py-4 rail:min-h-0 rail:flex-1 rail:overflow-y-auto rail:pr-2"
      >
        <section aria-label="Reason">
          <Reason request={request} />
        </section>
        {hasComments(request) && (
          <section>
            <h3 className="mb-1">Comments</h3>
            <Comments request={request} isMine={isMine} comment={comment} />
          </section>
        )}
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
      </section>
      {request.status === 'pending' ? (
        <Decision request={request} decide={decide} headline={headline} next={next} />
      ) : (
        <div className={barStyle}>
          {request.can.revoke.may && <RevokeAction request={request} revoke={revoke} focusAfter="decided" />}
          <div className="ml-auto">{next}</div>
        </div>
      )}
    </article>
  )
}
