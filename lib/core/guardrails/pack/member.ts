// The words of the shipped pack: what one member is. Everything about a member (its guardrails, its documentation, its
// tests) is made from one such value.
import type { z } from 'zod'
import type { GuardrailInput } from '#lib/core/guardrails/configured/schema'
import type { PolicyCase } from './case.ts'

export type PackMember<Settings = unknown> = {
  /** The switch in postern.yaml. */
  name: string
  title: string
  /** Why one would want it, in one or two sentences. */
  why: string
  /** On unless it is switched off. Only what needs no settings and has no honest exception. */
  isDefault: boolean
  /** What may be set; `{}` stands for `true`, so a member whose settings have no defaults must be given them. */
  settings: z.ZodType<Settings>
  /** The guardrails for such settings. Their names are the member's, or begin with it. */
  guardrails: (settings: Settings) => GuardrailInput[]
  /** What the cases and the documentation are made with. */
  example: unknown
  /** Given a request, expect a verdict. At least one that is stopped and one that is not. */
  cases: PolicyCase[]
}

/** Keeps the type of the settings between the schema and the guardrails. */
export const member = <Settings>(value: PackMember<Settings>): PackMember => value as PackMember
