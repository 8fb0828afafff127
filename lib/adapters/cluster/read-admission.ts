// Reads the admission policies that Postern rendered. The responses are untrusted: only what is compared is kept.
import { z } from 'zod'
import type { InstalledObject } from '#lib/core/admission/installed'
import { admissionLabel } from '#lib/core/admission/policy'
import type { ClusterClient } from './client.ts'
import { ClusterError } from './errors.ts'
import { listPages } from './list-pages.ts'

const shape = z.object({
  metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).optional() }),
  spec: z.looseObject({}),
})

const collections = [
  ['ValidatingAdmissionPolicy', 'validatingadmissionpolicies'],
  ['ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'],
] as const

/** More than a policy with a thousand guardrails has. */
const maxObjects = 5000

/**
 * Null if Postern may not read them, or if the cluster does not serve them (before Kubernetes 1.30).
 * @throws ClusterError, or ZodError for an invalid response
 */
export async function readAdmission(client: ClusterClient): Promise<InstalledObject[] | null> {
  const labelSelector = `${admissionLabel.key}=${admissionLabel.value}`
  const found: InstalledObject[] = []
  try {
    for (const [kind, collection] of collections) {
      const path = `/apis/admissionregistration.k8s.io/v1/${collection}`
      for await (const page of listPages(client, path, { limit: 500, labelSelector })) {
        for (const item of page.items()) found.push({ kind, ...shape.parse(item) })
        if (found.length > maxObjects)
          throw new ClusterError('transient', 'The cluster has too many admission policies.')
      }
    }
  } catch (error) {
    if (error instanceof ClusterError && (error.status === 403 || error.status === 404)) return null
    throw error
  }
  return found
}
