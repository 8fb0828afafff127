// The files in which other tools read the findings of a cluster.
import { z } from 'zod'

export const postureFormats = ['sarif', 'policy-report'] as const
export type PostureFormat = (typeof postureFormats)[number]

export const postureTypes: Readonly<Record<PostureFormat, string>> = {
  sarif: 'application/sarif+json',
  'policy-report': 'application/yaml',
}
export const postureEndings: Readonly<Record<PostureFormat, string>> = { sarif: 'sarif', 'policy-report': 'yaml' }

export const postureFormat = z.enum(postureFormats).meta({
  description:
    '`sarif`: SARIF 2.1.0. `policy-report`: YAML of PolicyReport and ClusterPolicyReport objects (wgpolicyk8s.io/v1alpha2).',
})
