// Objects that make an operator act with its own permissions: anyone who writes them acts as the operator.
import { anyObject, type RiskEntry, rule, write } from './entry.ts'

const groups = [
  'argoproj.io',
  'tekton.dev',
  'triggers.tekton.dev',
  'kustomize.toolkit.fluxcd.io',
  'helm.toolkit.fluxcd.io',
  'source.toolkit.fluxcd.io',
  'helm.cattle.io',
  'fleet.cattle.io',
  'pkg.crossplane.io',
  'apiextensions.crossplane.io',
  'cluster.x-k8s.io',
  'infrastructure.cluster.x-k8s.io',
  'velero.io',
  'keda.sh',
  'operators.coreos.com',
  'cert-manager.io',
  'external-secrets.io',
]

/**
 * Any resource of these groups: the projects often add kinds, and the operator acts on each of them with its own
 * permissions. Operators outside this list are not found.
 */
export const operators: RiskEntry = {
  id: 'drives-operators',
  severity: 'medium',
  sentence: 'Can make an operator act for them, often with far more permissions than they hold.',
  outlives: 'the actions of the operator',
  source: 'https://kubernetes.io/docs/concepts/extend-kubernetes/operator/',
  scope: 'namespace',
  abilities: [{ verbs: write, groups, resources: anyObject }],
  inPrivileged: 'high',
  example: [rule(['create'], ['applications'], 'argoproj.io')],
}
