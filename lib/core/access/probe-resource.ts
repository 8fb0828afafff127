import { z } from 'zod'
import { time } from './resource-fields.ts'

export const probeResource = z
  .strictObject({
    namespace: z.string(),
    verb: z.string(),
    group: z.string(),
    resource: z.string(),
    subresource: z.string(),
    name: z.string(),
    allowed: z.boolean(),
  })
  .meta({ id: 'Probe' })
export type Probe = z.infer<typeof probeResource>

/** A round of SubjectAccessReviews: when the cluster answered, and its answers. */
export const probesResource = z.strictObject({ at: time, results: z.array(probeResource) }).meta({ id: 'Probes' })
export type Probes = z.infer<typeof probesResource>
