import type { Metadata } from 'next'
import { EntitlementSection } from '#components/guardrail/entitlement-section'
import { GuardrailList } from '#components/guardrail/guardrail-list'
import { PackSwitches } from '#components/guardrail/pack-switches'
import { RefusedConfiguration } from '#components/guardrail/refused-configuration'
import { PageHead } from '#components/layout/page-head'
import { Copyable } from '#components/ui/copyable'
import { Empty } from '#components/ui/empty'
import { Section } from '#components/ui/section'
import { Time } from '#components/ui/time'
import { requireActor } from '#lib/auth/session'
import { guardrailsInForce } from '#lib/views/guardrails-in-force'
import { listEntitlements } from '#lib/views/list-entitlements'
import { policyInForce } from '#lib/views/policy-in-force'

export const metadata: Metadata = { title: 'Guardrails' }

/** What is in force: which version of the configuration, what everything is held to, and what this person may ask for. */
export default async function GuardrailsPage() {
  const actor = await requireActor()
  const [policy, { guardrails, switches }, entitlements] = await Promise.all([
    policyInForce(actor),
    guardrailsInForce(actor),
    listEntitlements(actor),
  ])
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
          <GuardrailList guardrails={guardrails} />
        )}
      </Section>
      <Section id="pack" title="What comes with Postern">
        <PackSwitches switches={switches} />
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
