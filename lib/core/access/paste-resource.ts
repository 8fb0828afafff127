import { z } from 'zod'
import { alreadyHeld } from './already-held.ts'
import { entitlementResource } from './entitlement-resource.ts'
import { ruleSchema } from './rule.ts'

/** More is never a message or a command; lib/core/rbac/paste/clean-text.ts reads no more either. */
export const longestPaste = 60_000

/** The body of POST /api/v1/paste. */
export const pasteSchema = z
  .strictObject({
    text: z.string().min(1).max(longestPaste).meta({
      description: 'What a terminal printed: a refusal of an API server, a command such as kubectl, or both.',
    }),
    cluster: z
      .string()
      .min(1)
      .max(63)
      .optional()
      .meta({ description: 'The cluster that it is about, if that is known. A text never names it for certain.' }),
    namespace: z
      .string()
      .min(1)
      .max(63)
      .optional()
      .meta({ description: 'The namespace of commands that name none, such as that of the kubeconfig’s context.' }),
  })
  .meta({ id: 'Paste' })
export type PasteInput = z.infer<typeof pasteSchema>

const reading = z
  .strictObject({
    ...{ verb: z.string(), group: z.string(), resource: z.string(), subresource: z.string() },
    name: z.string().meta({ description: 'Empty for every name.' }),
    namespace: z
      .string()
      .nullable()
      .meta({ description: 'Null where the text does not name one, and for cluster scope.' }),
    clusterScoped: z
      .boolean()
      .meta({ description: 'Postern grants access in namespaces only, so it cannot grant this.' }),
  })
  .meta({ id: 'Reading' })
export type Reading = z.infer<typeof reading>

const suggestion = z
  .strictObject({
    entitlement: entitlementResource,
    cluster: z.string().nullable().meta({ description: 'Null where the requester has to choose.' }),
    clusters: z.array(z.string()).meta({ description: 'Where it covers all of the namespaces.' }),
    complete: z.boolean().meta({ description: 'It would grant everything that is needed.' }),
    granted: z.array(ruleSchema).meta({ description: 'The part of the needed rules that it would grant.' }),
    missing: z.array(ruleSchema),
    requestPath: z.string().meta({ description: 'The path of the request form, with the fields filled in.' }),
  })
  .meta({ id: 'Suggestion' })

export const pasteResource = z
  .strictObject({
    understood: z.boolean().meta({ description: 'False for a text that is neither a refusal nor a known command.' }),
    summary: z.string().meta({ description: 'The needed access in words; empty if none is needed.' }),
    rules: z.array(ruleSchema).meta({ description: 'The least rules for it, in each of the namespaces.' }),
    namespaces: z.array(z.string()).meta({ description: 'Empty where the text names none.' }),
    readings: z.array(reading).meta({ description: 'The single permissions, at most 200.' }),
    notes: z
      .array(z.strictObject({ code: z.string(), sentence: z.string() }))
      .meta({ description: 'What remains unknown, and why more access may not help.' }),
    suggestions: z.array(suggestion).meta({
      description:
        'Entitlements that the caller may request and that grant it, best first; only if none does, those that grant a part.',
    }),
    alreadyHeld: z.array(alreadyHeld),
  })
  .meta({ id: 'PasteReading' })
export type PasteReading = z.infer<typeof pasteResource>
