import type { PersonActor } from '#lib/access/actor'
import { doesOf, looksAtOf } from '#lib/guardrails/policy/in-words'
import { needsSettings, pack } from '#lib/guardrails/policy/pack/pack'
import type { Guardrail } from '#lib/guardrails/policy/schema'
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
