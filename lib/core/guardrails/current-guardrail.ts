import type { Guardrail } from '#lib/core/guardrails/configured/schema'

/** One guardrail as it is enforced, for everyone to read. */
export type CurrentGuardrail = {
  name: string
  description: string
  effect: Guardrail['effect']
  /** What it requires or limits, in words; empty where it refuses or warns. */
  does: string[]
  /** Which requests it judges, in words; empty where it judges every one. */
  matchDescription: string[]
  link: string | null
  /** The member of the shipped pack that it comes from. */
  pack: string | null
  /** How the API server enforces it, or why it can't, as a sentence. */
  atAdmission: string
  /** The whole guardrail as YAML; for a member of the pack, the guardrail that its switch turns on. */
  source: string
}

export type PackSwitch = { name: string; title: string; why: string; isOn: boolean; needsSettings: boolean }
