// Which guardrails can the API server enforce?
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import type { AdmissionMode, AdmissionSection } from './section.ts'

/** The variables of a guardrail that only a request has, and why the API server does not know them. */
const unknownVariables: Readonly<Record<string, string>> = {
  request: 'It depends on the request, which the API server does not see.',
  requester: 'It depends on the requester, whom the API server does not see.',
  risks: 'It depends on the risk catalogue, which the API server does not have.',
  difference: 'It depends on the requester’s current access, which the API server does not compare.',
  history: 'It depends on other requests, which the API server does not have.',
  pods: 'It depends on running pods, which the API server does not look up for a role.',
  now: 'It depends on the time of the request, which the API server does not know.',
}

/** Why the API server can't enforce the guardrail, as a sentence; null if it can. */
export function whyNotEnforceable({ guardrail: { match, effect, limit }, when }: CompiledGuardrail): string | null {
  if (effect === 'require') return 'It sets requirements for a request, which the API server does not see.'
  if (effect === 'limit' && limit?.maxDuration === undefined) {
    return 'It limits when access may start, and the API server has no calendar.'
  }
  if (match?.entitlements) return 'It applies to some entitlements, which the API server does not know.'
  if (match?.groups) return 'It applies to some requesters, whom the API server does not see.'
  for (const [variable, why] of Object.entries(unknownVariables)) if (when?.mentions.has(variable)) return why
  return null
}

/** How the API server enforces a guardrail, and on which writes. */
export type Enforcement =
  | { enforced: false; because: string }
  /** `onOthers`: the mode for roles that Postern did not write; null if it does not apply to them. */
  | { enforced: true; onGrants: boolean; onOthers: AdmissionMode | null }

export function enforcementOf(compiled: CompiledGuardrail, admission: AdmissionSection): Enforcement {
  const because = whyNotEnforceable(compiled)
  if (because !== null) return { enforced: false, because }
  const { name, effect, match } = compiled.guardrail
  const mode = (Object.hasOwn(admission.guardrails, name) ? admission.guardrails[name] : undefined) ?? admission.mode
  // Only a grant has an end that a duration could limit, and a guardrail that warns never denies.
  const onOthers = effect === 'limit' ? null : effect === 'warn' && mode === 'deny' ? 'warn' : mode
  return { enforced: true, onGrants: effect !== 'warn' && match?.scope !== 'cluster', onOthers }
}

const onOthersInWords: Record<AdmissionMode, string> = {
  audit: 'other roles that break it are noted in the audit log',
  warn: 'anyone who writes another role that breaks it is warned',
  deny: 'other roles that break it are refused',
}

/** For people who read the policy: where the admission policies are installed, what does the API server do? */
export function describeEnforcement(compiled: CompiledGuardrail | undefined, admission: AdmissionSection): string {
  if (!compiled) return ''
  const enforcement = enforcementOf(compiled, admission)
  if (!enforcement.enforced) return `Not enforced by the API server. ${enforcement.because}`
  const { onGrants, onOthers } = enforcement
  const parts = [
    ...(onGrants ? ['a grant that breaks it is refused'] : []),
    ...(onOthers ? [onOthersInWords[onOthers]] : []),
  ]
  return `Enforced by the API server: ${parts.join('; ')}.`
}
