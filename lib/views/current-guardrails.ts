import { stringify } from 'yaml'
import { currentPolicy } from '#lib/adapters/policy/current'
import { guardrailsSource } from '#lib/adapters/policy/guardrails-source'
import type { PersonActor } from '#lib/core/access/actor'
import { formatDuration } from '#lib/core/access/duration'
import { describeEnforcement } from '#lib/core/admission/enforceable'
import { defaultAdmission } from '#lib/core/admission/section'
import { describeEffect, describeMatch } from '#lib/core/guardrails/configured/describe-guardrail'
import type { Guardrail } from '#lib/core/guardrails/configured/schema'
import type { CurrentGuardrail, PackSwitch } from '#lib/core/guardrails/current-guardrail'
import { needsSettings, pack } from '#lib/core/guardrails/pack/pack'
import { placedGuardrails } from '#lib/core/guardrails/section'

/** A guardrail as YAML, with durations as they are written in postern.yaml. */
function sourceOf({ limit, ...rest }: Guardrail): string {
  const max = limit?.maxDuration
  const written = limit && { ...limit, ...(max === undefined ? {} : { maxDuration: formatDuration(max) }) }
  return stringify({ ...rest, ...(written ? { limit: written } : {}) })
}

// Parsing a large file takes longer than the rest of the page, so the result is kept for the same text.
let written: { text: string; guardrails: string } | undefined

function asWritten(text: string): string {
  if (written?.text !== text) written = { text, guardrails: guardrailsSource(text) }
  return written.guardrails
}

/** The guardrails in force, in the order in which they are judged, and the switches of the shipped pack. */
export async function currentGuardrails(
  _actor: PersonActor,
): Promise<{ guardrails: CurrentGuardrail[]; switches: PackSwitch[]; written: string }> {
  const { configuration, text, compiled } = currentPolicy()
  const { admission = defaultAdmission } = configuration
  const compiledByName = new Map(compiled.map((one) => [one.guardrail.name, one]))
  const guardrails = placedGuardrails(configuration).map(({ guardrail, path }) => ({
    name: guardrail.name,
    description: guardrail.description,
    effect: guardrail.effect,
    does: describeEffect(guardrail),
    matchDescription: describeMatch(guardrail),
    link: guardrail.link ?? null,
    pack: path[0] === 'guardrailPack' ? String(path[1]) : null,
    atAdmission: describeEnforcement(compiledByName.get(guardrail.name), admission),
    source: sourceOf(guardrail),
  }))
  const on = new Set(guardrails.map((one) => one.pack))
  const switches = pack.map((member) => ({
    name: member.name,
    title: member.title,
    why: member.why,
    isOn: on.has(member.name),
    needsSettings: needsSettings(member),
  }))
  return { guardrails, switches, written: asWritten(text) }
}
