// One member of the pack. Its guardrails, documentation and tests are all derived from this value.
import type { z } from 'zod'
import type { GuardrailInput } from '#lib/core/guardrails/configured/schema'
import type { PolicyCase } from './case.ts'

export type PackMember<Settings = unknown> = {
  /** Its key in postern.yaml. */
  name: string
  title: string
  /** Why an administrator would want it, in one or two sentences. */
  why: string
  /** Whether it is on by default. Only for members without required settings and without legitimate exceptions. */
  isDefault: boolean
  /** `true` in postern.yaml means `{}`, so a member whose settings have no defaults cannot be set to `true`. */
  settings: z.ZodType<Settings>
  /** The guardrails for these settings. Their names begin with the member's name. */
  guardrails: (settings: Settings) => GuardrailInput[]
  /** The settings that the cases and the documentation use. */
  example: unknown
  /** At least one case in which its guardrails match, and one in which they do not. */
  cases: PolicyCase[]
}

/** Checks that the guardrails accept what the schema of the settings returns. */
export const member = <Settings>(value: PackMember<Settings>): PackMember => value as PackMember
