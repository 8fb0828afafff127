import { z } from 'zod'
import { durationSchema } from './duration-schema.ts'
import { labelSelector, namespaceGlob } from './entitlement.ts'

const suppression = z
  .strictObject({
    namespaces: z.array(namespaceGlob).min(1).max(200).optional(),
    namespaceSelector: labelSelector
      .refine((labels) => Object.keys(labels).length > 0, 'name at least one label')
      .optional()
      .meta({ description: 'Labels that the namespace must have, all of them.' }),
    reason: z.string().min(1).max(300).meta({ description: 'Why these findings are of no interest; shown with them.' }),
  })
  .refine(({ namespaces, namespaceSelector }) => namespaces !== undefined || namespaceSelector !== undefined, {
    message: 'set namespaces, namespaceSelector or both',
  })
  .meta({ anyOf: [{ required: ['namespaces'] }, { required: ['namespaceSelector'] }] })

/** The part of postern.yaml about the findings of standing access. */
export const postureSection = z.strictObject({
  longestAcceptance: durationSchema
    .meta({ description: 'The longest time for which a risk can be accepted.', type: 'string', format: 'duration' })
    .prefault('P90D'),
  suppress: z.array(suppression).max(200).default([]).meta({
    description: 'Findings about bindings in these namespaces are set aside: counted and listed, but not notified.',
  }),
})
