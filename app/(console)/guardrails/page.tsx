import type { Metadata } from 'next'
import { EntitlementSection } from '#components/guardrail/entitlement-section'
import { GuardrailList } from '#components/guardrail/guardrail-list'
import { PackSwitches } from '#components/guardrail/pack-switches'
import { PolicyTrial } from '#components/guardrail/policy-trial'
import { RefusedConfiguration } from '#components/guardrail/refused-configuration'
import { PageHead } from '#components/layout/page-head'
import { Copyable } from '#components/ui/copyable'
import { Empty } from '#components/ui/empty'
import { Section } from '#components/ui/section'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { requireActor } from '#lib/adapters/auth/session'
import { currentGuardrails } from '#lib/views/current-guardrails'
import { describeCurrentPolicy } from '#lib/views/current-policy'
import { guardrailStatistics } from '#lib/views/guardrail-statistics'
import { listEntitlements } from '#lib/views/list-entitlements'
import { listRequests } from '#lib/views/list-requests'
import { judge, replay } from './actions.ts'

export const metadata: Metadata = { title: 'Guardrails' }

/** What is in force: which version of the configuration, what everything is held to, and what this person may ask for. */
export default async function GuardrailsPage() {
  const actor = await requireActor()
  const [policy, { guardrails, switches, written }, entitlements, counts, { items: requests }] = await Promise.all([
    describeCurrentPolicy(actor),
    currentGuardrails(actor),
    listEntitlements(actor),
    guardrailStatistics(actor),
    listRequests(actor, { role: 'all', limit: 30 }),
  ])
  const policyForTrial = new Set(guardrails.map(({ name }) => name))
  const gone = counts.filter(({ name }) => !policyForTrial.has(name))
  const asks = requests.map(({ id, title, requester, createdAt }) => ({
    id,
    label: `${title}, ${requester.name}, ${createdAt.slice(0, 16).replace('T', ' ')}`,
  }))
  return (
    <>
      <PageHead title="Guardrails">
        <p>
          In force since <Time at={policy.loadedAt} as="exact" /> UTC: policy{' '}
          <Copyable
            text={policy.version}
            shown={policy.version.replace(/^sha256:/, '').slice(0, 12)}
            label="the policy version"
          />
        </p>
      </PageHead>
      {policy.refused && <RefusedConfiguration refused={policy.refused} />}
      <Section id="always" title="Always">
        <ul className="max-w-[72ch] list-disc space-y-1 pl-5 marker:text-muted">
          <li>Nobody decides their own request, by no way and with no role.</li>
          <li>What is approved is exactly what is granted; an approver may allow less, never more.</li>
          <li>All of this is judged three times: on asking, on deciding and before granting.</li>
          <li>
            The namespaces <code>postern-system</code> and <code>postern-grants</code> are never granted.
          </li>
          <li>A rule that cannot be evaluated counts as violated.</li>
        </ul>
      </Section>
      <Section id="guardrails" title={guardrails.length === 1 ? 'One guardrail' : `${guardrails.length} guardrails`}>
        {guardrails.length === 0 ? (
          <p className="text-dense text-muted">None. What each entitlement says below is still enforced.</p>
        ) : (
          <GuardrailList guardrails={guardrails} counts={counts} />
        )}
        {gone.length > 0 && (
          <p className="mt-2 text-dense text-muted">
            Came in during the last 30 days and not in force any more:{' '}
            {gone
              .map(
                ({ name, matched, stoppedDeciding, stoppedGranting }) =>
                  `${name} (${matched + stoppedDeciding + stoppedGranting})`,
              )
              .join(', ')}
          </p>
        )}
      </Section>
      <Section id="pack" title="What comes with Postern">
        <PackSwitches switches={switches} />
      </Section>
      <Section id="source" title="As written in postern.yaml">
        {written ? (
          <section
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
            tabIndex={0}
            aria-label="The guardrails of postern.yaml"
            className="relative max-h-96 overflow-auto border border-line bg-sunken p-3"
          >
            <pre className="text-code">
              <UntrustedText lines>{written}</UntrustedText>
            </pre>
          </section>
        ) : (
          <p className="text-dense text-muted">The file says nothing of guardrails; what is on by itself is above.</p>
        )}
      </Section>
      <Section id="try" title="Try another policy">
        <PolicyTrial written={written} asks={asks} judge={judge} replay={replay} />
      </Section>
      <h2 className="mt-10 text-[1.125rem] leading-6">What you may ask for</h2>
      {entitlements.length === 0 ? (
        <div className="mt-3">
          <Empty title="Nothing.">No entitlement names you or one of your groups.</Empty>
        </div>
      ) : (
        entitlements.map((one) => <EntitlementSection key={one.name} entitlement={one} />)
      )}
    </>
  )
}
