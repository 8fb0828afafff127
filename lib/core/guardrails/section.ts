// The part of postern.yaml that is about guardrails: those that come with Postern, and one's own.
import { z } from 'zod'
import { type CompiledGuardrails, compileGuardrails, maxGuardrails } from '#lib/core/guardrails/configured/compile'
import { guardrailSchema } from '#lib/core/guardrails/configured/schema'
import { packGuardrails, packSchema } from '#lib/core/guardrails/pack/pack'

/** The two keys of postern.yaml. */
export const guardrailsSection = z.strictObject({
  guardrailPack: packSchema.prefault({}).meta({ description: 'Switches of the guardrails that come with Postern.' }),
  guardrails: z.array(guardrailSchema).max(maxGuardrails).default([]).meta({ description: 'Your own guardrails.' }),
})
export type GuardrailsSection = z.infer<typeof guardrailsSection>

/** Both kinds with their places in postern.yaml: first the pack's, then one's own. */
export function placedGuardrails({ guardrailPack, guardrails }: GuardrailsSection) {
  const packed = packGuardrails(guardrailPack).map(({ guardrail, name }) => ({
    guardrail,
    path: ['guardrailPack', name],
  }))
  const own = guardrails.map((guardrail, index) => ({ guardrail, path: ['guardrails', index] }))
  return [...packed, ...own]
}

/** The calendar files that are named, for whoever reads files. */
export function calendarsOf(section: GuardrailsSection): string[] {
  const freezes = placedGuardrails(section).flatMap(({ guardrail }) => guardrail.limit?.freezes ?? [])
  return [...new Set(freezes.flatMap((freeze) => ('calendar' in freeze ? freeze.calendar : [])))]
}

/**
 * Everything that is to be judged by, or every problem with it.
 * @param calendars the text of each file that `calendarsOf` names
 */
export function compilePolicy(section: GuardrailsSection, calendars: ReadonlyMap<string, string>): CompiledGuardrails {
  const placed = placedGuardrails(section)
  return compileGuardrails(
    placed.map(({ guardrail }) => guardrail),
    placed.map(({ path }) => path),
    calendars,
  )
}
