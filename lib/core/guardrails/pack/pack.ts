// The guardrails that ship with Postern, and which of them a policy turns on.
import { z } from 'zod'
import { type Guardrail, guardrailSchema } from '#lib/core/guardrails/configured/schema'
import { circumstanceMembers } from './circumstance-members.ts'
import { escalationMembers } from './escalation-members.ts'
import type { PackMember } from './member.ts'
import { rulesMembers } from './rules-members.ts'

/** In the order of the guide. */
export const pack: readonly PackMember[] = [...rulesMembers, ...escalationMembers, ...circumstanceMembers]

/** Does it need settings before it can be turned on? */
export const needsSettings = ({ settings }: PackMember): boolean => !settings.safeParse({}).success

/** `false`, the settings, or `true` if no settings are required. */
const switchOf = (member: PackMember) => {
  const settings = member.settings.meta({ description: member.title })
  return needsSettings(member) ? z.union([z.literal(false), settings]) : z.union([z.boolean(), settings])
}

/** `guardrailPack` of postern.yaml. */
export const packSchema = z.strictObject(
  Object.fromEntries(pack.map((member) => [member.name, switchOf(member).optional()])),
)
export type PackSwitches = z.infer<typeof packSchema>

/** A guardrail and the name of its member. */
export type PackedGuardrail = { guardrail: Guardrail; name: string }

/** The guardrails of all members that are on, by default or by the policy. */
export function packGuardrails(switches: PackSwitches = {}): PackedGuardrail[] {
  return pack.flatMap((member) => {
    const value = switches[member.name] ?? member.isDefault
    if (value === false) return []
    // `value` holds settings that are parsed already, with durations in seconds, so they must not be parsed again.
    const settings = value === true ? member.settings.parse({}) : value
    return member
      .guardrails(settings)
      .map((guardrail) => ({ guardrail: guardrailSchema.parse(guardrail), name: member.name }))
  })
}
