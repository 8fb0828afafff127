// The guardrails of postern.yaml: those of the pack that ships with Postern, and the administrator's own. And the risks that
// they see in addition to those of the catalogue.
import { z } from 'zod'
import { type CompiledGuardrails, compileGuardrails, maxGuardrails } from '#lib/core/guardrails/configured/compile'
import { guardrailSchema } from '#lib/core/guardrails/configured/schema'
import { packGuardrails, packSchema } from '#lib/core/guardrails/pack/pack'
import { extensionRiskSchema } from './extension-risk-schema.ts'

/** Three keys of postern.yaml. */
export const guardrailsSection = z.strictObject({
  guardrailPack: packSchema.prefault({}).meta({ description: 'Turns guardrails that ship with Postern on or off.' }),
  guardrails: z.array(guardrailSchema).max(maxGuardrails).default([]).meta({ description: 'Your own guardrails.' }),
  risks: z
    .array(extensionRiskSchema)
    .max(1000)
    .default([])
    .meta({ description: 'Risky permissions over your own extensions, in addition to the risk catalogue.' }),
})
export type GuardrailsSection = z.infer<typeof guardrailsSection>

/** All guardrails with their paths in postern.yaml, those of the pack first. */
export function placedGuardrails({ guardrailPack, guardrails }: GuardrailsSection) {
  const packed = packGuardrails(guardrailPack).map(({ guardrail, name }) => ({
    guardrail,
    path: ['guardrailPack', name],
  }))
  const own = guardrails.map((guardrail, index) => ({ guardrail, path: ['guardrails', index] }))
  return [...packed, ...own]
}

/** The calendar files that freezes name. The caller reads them. */
export function calendarsOf(section: GuardrailsSection): string[] {
  const freezes = placedGuardrails(section).flatMap(({ guardrail }) => guardrail.limit?.freezes ?? [])
  return [...new Set(freezes.flatMap((freeze) => ('calendar' in freeze ? freeze.calendar : [])))]
}

/**
 * All compiled guardrails, or every problem with them.
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
