// Whether a cluster enforces what postern.yaml says, as a worker last read it.
import { z } from 'zod'

export const admissionDrifts = ['missing', 'older', 'changed', 'extra'] as const

export const admissionState = z
  .strictObject({
    status: z.enum(['installed', 'missing', 'older', 'changed', 'unknown']).meta({
      description:
        'installed: as configured. missing: no policy is installed. older: as an earlier configuration or version wrote them. changed: someone changed, added or deleted one. unknown: Postern may not read them.',
    }),
    differences: z.array(z.strictObject({ kind: z.string(), name: z.string(), drift: z.enum(admissionDrifts) })),
  })
  .meta({ id: 'AdmissionState' })
export type AdmissionState = z.infer<typeof admissionState>

/** The command that makes a cluster enforce what the configuration says. */
export const admissionCommand = (cluster: string): string =>
  `postern cluster admission --cluster ${cluster} | kubectl apply -f -`
