import type { PersonActor } from '#lib/access/actor'
import { durationInWords } from '#lib/access/duration'
import { needsSettings, pack } from '#lib/guardrails/policy/pack/pack'
import type { Freeze, Guardrail } from '#lib/guardrails/policy/schema'
import { placedGuardrails } from '#lib/guardrails/policy/section'
import { currentPolicy } from '#lib/policy/current'

/** One guardrail as it is enforced, for everybody to read. */
export type GuardrailInForce = {
  name: string
  description: string
  effect: Guardrail['effect']
  /** What it wants or limits, in words; empty where it refuses or warns. */
  does: string[]
  /** Which requests it looks at, in words; empty where it is every one. */
  looksAt: string[]
  /** CEL; null where it always comes in. */
  when: string | null
  link: string | null
  /** The member of the shipped pack that it is of. */
  pack: string | null
}

export type PackSwitch = { name: string; title: string; why: string; isOn: boolean; needsSettings: boolean }

const frozenInWords = (freeze: Freeze): string =>
  'calendar' in freeze
    ? `not while ${freeze.calendar} says so`
    : `not during ${freeze.name}, ${freeze.from} to ${freeze.to}`

function doesOf({ require: needs, limit }: Guardrail): string[] {
  const steps = (needs?.approvals ?? []).map(({ groups, count }) => `${count} of ${groups.join(' or ')} must approve`)
  const ticket = needs?.ticket === true ? 'a ticket' : needs?.ticket && `a ticket written as ${needs.ticket.pattern}`
  const windows = (limit?.windows ?? []).map(
    ({ zone, days, from, to }) => `${days.join(', ')} ${from} to ${to} ${zone}`,
  )
  return [
    ...steps,
    needs?.approvers && `at least ${needs.approvers} different people must approve`,
    ticket,
    needs?.reasonMinLength && `a reason of at least ${needs.reasonMinLength} characters`,
    limit?.maxDuration && `at most ${durationInWords(limit.maxDuration)}`,
    windows.length > 0 && `begins ${windows.join(', or ')}`,
    ...(limit?.freezes ?? []).map(frozenInWords),
    limit?.mayOutliveWindow && 'may go on after it has closed',
  ].filter((words): words is string => typeof words === 'string')
}

function looksAtOf({ match }: Guardrail): string[] {
  const labels = (wanted: Record<string, string> | undefined) =>
    Object.entries(wanted ?? {}).map(([key, value]) => `${key}=${value}`)
  const parts: [string, readonly string[]][] = [
    ['clusters', match?.clusters ?? []],
    ['clusters with', labels(match?.clusterLabels)],
    ['namespaces', match?.namespaces ?? []],
    ['namespaces with', labels(match?.namespaceLabels)],
    ['entitlements', match?.entitlements ?? []],
    ['requesters in', match?.groups ?? []],
  ]
  return parts.flatMap(([what, names]) => (names.length > 0 ? [`${what} ${names.join(', ')}`] : []))
}

/** The guardrails of the configuration in force, in the order of judging, and the switches of the shipped pack. */
export async function guardrailsInForce(
  _actor: PersonActor,
): Promise<{ guardrails: GuardrailInForce[]; switches: PackSwitch[] }> {
  const { configuration } = currentPolicy()
  const guardrails = placedGuardrails(configuration).map(({ guardrail, path }) => ({
    name: guardrail.name,
    description: guardrail.description,
    effect: guardrail.effect,
    does: doesOf(guardrail),
    looksAt: looksAtOf(guardrail),
    when: guardrail.when ?? null,
    link: guardrail.link ?? null,
    pack: path[0] === 'guardrailPack' ? String(path[1]) : null,
  }))
  const on = new Set(guardrails.map((one) => one.pack))
  const switches = pack.map((member) => ({
    name: member.name,
    title: member.title,
    why: member.why,
    isOn: on.has(member.name),
    needsSettings: needsSettings(member),
  }))
  return { guardrails, switches }
}
