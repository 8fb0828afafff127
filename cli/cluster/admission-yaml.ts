import { stringify } from 'yaml'
import type { Configuration } from '#lib/adapters/policy/configuration'
import { whyNotEnforceable } from '#lib/core/admission/enforceable'
import type { AdmissionObject } from '#lib/core/admission/policy'
import { renderAdmission } from '#lib/core/admission/render'
import { defaultAdmission } from '#lib/core/admission/section'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { targetClusters } from '../check/clusters.ts'
import { UsageError } from '../usage-error.ts'

/**
 * Objects for kubectl or a file on the control plane. Nothing separates the first from a comment before it: API servers don't start with a
 * document that has only comments.
 */
export const yamlDocuments = (objects: readonly AdmissionObject[]): string =>
  objects.map((object) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 })).join('---\n')

/**
 * The admission policies of one cluster, after a comment that names the guardrails which the API server can't enforce.
 * @throws UsageError if it is not clear which cluster is meant
 */
export function admissionYaml(
  { clusters, entitlements, admission = defaultAdmission }: Configuration,
  compiled: readonly CompiledGuardrail[],
  name: string | undefined,
): string {
  const [cluster, ...others] = targetClusters(clusters, name === undefined ? [] : [name], {})
  if (!cluster || others.length > 0) {
    throw new UsageError(`The policy has ${clusters.length} clusters. Choose one with --cluster.`)
  }
  const objects = renderAdmission({ cluster, entitlements, compiled, admission })
  const unenforced = compiled.flatMap((one) => {
    const because = whyNotEnforceable(one)
    return because === null ? [] : [`# Not enforced by the API server: ${one.guardrail.name}. ${because}\n`]
  })
  const head = `# What the API server of ${cluster.name} enforces. Written by postern cluster admission.\n`
  return `${head}${unenforced.join('')}${yamlDocuments(objects)}`
}
