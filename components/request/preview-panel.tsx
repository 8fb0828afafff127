import { SignInAgain } from '#components/ui/action-problem'
import { Copyable } from '#components/ui/copyable'
import type { ActionError } from '#lib/core/access/action-result'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import type { Preview } from '#lib/core/access/preview-resource'
import { RiskList } from './risk-list.tsx'
import { RulesTable } from './rules-table.tsx'
import { StatusMark } from './status-mark.tsx'
import { Steps } from './steps.tsx'
import { shortHash, VerdictList } from './verdict-list.tsx'

type Props = {
  entitlement: EntitlementResource
  /** The server's preview of the current draft; null until the draft is complete enough for one. */
  preview: Preview | null
  /** Fields that are still empty, in words. */
  needed: string[]
  /** The violations that no field shows. */
  general: string[]
  /** Is there no problem at all, in any field? */
  isClean: boolean
  /** Why the server can't preview the draft; null if it can. */
  problem: ActionError | null
  namespaces: string[]
  busy: boolean
  beginAt: (time: string) => void
}

/**
 * The preview: new permissions, guardrails, approvers, and the objects to be created. While the draft is incomplete, it
 * shows the entitlement's own permissions and the fields that are still needed.
 */
export function PreviewPanel(props: Props) {
  const { entitlement, preview, needed, general, isClean, problem, namespaces, busy, beginAt } = props
  const violations = preview?.verdict.violations.filter(({ sentence }) => general.includes(sentence)) ?? []
  const outline = entitlement.approvals.map((step) => ({
    ...step,
    groups: [
      ...step.groups,
      ...(step.owners ? ['an owner of each namespace'] : []),
      ...(step.manager ? ['your manager'] : []),
    ],
    ...{ approvedBy: [], eligible: [], onCall: [], escalations: [] },
    ...{ unknown: [], unavailable: [], quietUntil: null },
  }))
  return (
    <div aria-busy={busy} className="space-y-5">
      <section>
        <h2 className="mb-1">Permissions you would have</h2>
        <RulesTable
          rules={preview?.rules ?? (entitlement.kind === 'ceiling' ? [] : entitlement.rules)}
          namespaces={namespaces}
          clusterRole={entitlement.clusterRole}
          caption="Permissions you would have"
          difference={preview && preview.rules.length > 0 ? preview.difference : null}
          who="you"
        />
        {preview && preview.rules.length > 0 && (
          <div className="mt-2">
            <RiskList risk={preview.risk} />
          </div>
        )}
      </section>
      <section>
        <h2 className="mb-1">Guardrails</h2>
        {needed.map((one) => (
          <p key={one} className="flex gap-2 text-dense">
            <StatusMark status="pending" wordless />
            Still needed: {one}
          </p>
        ))}
        {preview && <VerdictList verdict={{ ...preview.verdict, violations }} isPassed={isClean} beginAt={beginAt} />}
        {preview && !isClean && needed.length + violations.length === 0 && (
          <p className="text-dense text-muted">First fix the problems in the form.</p>
        )}
        {problem && (
          <p className="text-dense text-ending">
            {problem.sentence} {problem.code === 'unauthenticated' && <SignInAgain />}
          </p>
        )}
        {!preview && !problem && isClean && (
          <>
            <p className="text-dense text-muted noscript:hidden">Checking…</p>
            <noscript>
              <p className="text-dense text-muted">The preview needs JavaScript. Submitting checks the request.</p>
            </noscript>
          </>
        )}
      </section>
      <section>
        <h2 className="mb-1">Approval</h2>
        <Steps steps={preview?.steps ?? outline} peopleKnown={preview !== null} />
      </section>
      {preview && (
        <>
          <section>
            <h2 className="mb-1">Objects to be created</h2>
            <details className="text-dense">
              <summary>{kindsInWords(preview.objects)}</summary>
              <section
                // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
                tabIndex={0}
                aria-label="Objects as YAML"
                className="relative mt-2 max-h-96 overflow-auto border border-line bg-sunken p-3"
              >
                <pre>{preview.manifests}</pre>
              </section>
            </details>
          </section>
          {preview.digest && (
            <p className="text-dense text-muted">
              An approval binds to this digest:{' '}
              <Copyable text={preview.digest} shown={shortHash(preview.digest)} label="digest" />
            </p>
          )}
        </>
      )}
    </div>
  )
}

function kindsInWords(objects: Preview['objects']): string {
  const counts = new Map<string, number>()
  for (const { kind } of objects) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`).join(' · ') || 'None yet'
}
