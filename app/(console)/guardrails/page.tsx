import type { Metadata } from 'next'
import { Suspense } from 'react'
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
import type { PersonActor } from '#lib/core/access/actor'
import { protectedNamespaces } from '#lib/core/access/namespaces'
import { currentGuardrails } from '#lib/views/current-guardrails'
import { describeCurrentPolicy } from '#lib/views/current-policy'
import { guardrailStatistics } from '#lib/views/guardrail-statistics'
import { listEntitlements } from '#lib/views/list-entitlements'
import { listRequests } from '#lib/views/list-requests'
import { judge, replay } from './actions.ts'

export const metadata: Metadata = { title: 'Guardrails' }

/** The current policy: its version, its limits and guardrails, and this person's entitlements. */
export default async function GuardrailsPage() {
  const actor = await requireActor()
  // The page does not wait for the statistics; an error in them is reported where they are shown.
  const counts = guardrailStatistics(actor)
  counts.catch(() => {})
  const [policy, { guardrails, switches, written }, entitlements] = await Promise.all([
    describeCurrentPolicy(actor),
    currentGuardrails(actor),
    listEntitlements(actor),
  ])
  return (
    <>
      <PageHead title="Guardrails">
        <p>
          Current policy{' '}
          <Copyable
            text={policy.version}
            shown={policy.version.replace(/^sha256:/, '').slice(0, 12)}
            label="policy version"
          />
          , loaded <Time at={policy.loadedAt} as="exact" withZone />
        </p>
      </PageHead>
      {policy.refused && <RefusedConfiguration refused={policy.refused} />}
      <Section id="limits" title="Built-in limits">
        <ul className="max-w-[72ch] list-disc space-y-1 pl-5 marker:text-muted">
          <li>You can’t decide your own request, whatever your role and whichever client you use.</li>
          <li>Postern grants exactly the approved terms. An approver can narrow a request, never widen it.</li>
          <li>
            Limits and guardrails are evaluated three times: when a request is submitted, when it is decided, and before
            access is granted.
          </li>
          <li>
            Postern never grants access to its own namespaces: <code>{protectedNamespaces.join(', ')}</code>.
          </li>
          <li>A guardrail that can’t be evaluated counts as violated.</li>
        </ul>
      </Section>
      <Section id="guardrails" title={guardrails.length === 1 ? 'One guardrail' : `${guardrails.length} guardrails`}>
        {guardrails.length === 0 ? (
          <p className="text-dense text-muted">
            No guardrails are configured. The limits of each entitlement below still apply.
          </p>
        ) : (
          <GuardrailList guardrails={guardrails} counts={counts} />
        )}
        <Suspense>
          <Removed counts={counts} guardrails={guardrails} />
        </Suspense>
      </Section>
      <Section id="pack" title="Guardrail pack">
        <PackSwitches switches={switches} />
      </Section>
      <Section id="source" title="Source in postern.yaml">
        {written ? (
          <section
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
            tabIndex={0}
            aria-label="Guardrails in postern.yaml"
            className="relative max-h-96 overflow-auto border border-line bg-sunken p-3"
          >
            <pre className="text-code">
              <UntrustedText lines>{written}</UntrustedText>
            </pre>
          </section>
        ) : (
          <p className="text-dense text-muted">
            postern.yaml doesn’t configure guardrails. Those enabled by default are listed above.
          </p>
        )}
      </Section>
      <Section id="try" title="Try a policy">
        <Suspense fallback={<p className="min-h-[44rem] text-muted">Loading recent requests…</p>}>
          <Trial actor={actor} written={written} />
        </Suspense>
      </Section>
      <h2 className="mt-10 text-[1.125rem] leading-6">Your entitlements</h2>
      {entitlements.length === 0 ? (
        <div className="mt-3">
          <Empty title="You have no entitlements.">
            No entitlement names you or one of your groups. Contact your Postern administrator.
          </Empty>
        </div>
      ) : (
        entitlements.map((one) => <EntitlementSection key={one.name} entitlement={one} />)
      )}
    </>
  )
}

type RemovedProps = { counts: ReturnType<typeof guardrailStatistics>; guardrails: { name: string }[] }

/** Guardrails that matched recently and are no longer in the policy. */
async function Removed({ counts, guardrails }: RemovedProps) {
  const removed = (await counts).filter(({ name }) => !guardrails.some((one) => one.name === name))
  if (removed.length === 0) return null
  const times = removed.map(
    ({ name, matched, stoppedDeciding, stoppedGranting }) => `${name} (${matched + stoppedDeciding + stoppedGranting})`,
  )
  return (
    <p className="mt-2 text-dense text-muted">
      Matched in the last 30 days, but no longer in the policy: {times.join(', ')}
    </p>
  )
}

/** The trial, once the recent requests that it can evaluate are known. */
async function Trial({ actor, written }: { actor: PersonActor; written: string }) {
  const { items } = await listRequests(actor, { role: 'all', limit: 30 })
  const recent = items.map(({ id, title, requester, createdAt }) => ({
    id,
    label: `${title}, ${requester.name}, ${createdAt.slice(0, 16).replace('T', ' ')}`,
  }))
  return <PolicyTrial written={written} requests={recent} judge={judge} replay={replay} />
}
