// Objects that an operator turns into action with its own rights: whoever writes them acts as the operator.
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
 * By group, and by any resource of it: these projects add kinds often, and each kind of them is acted on with the
 * operator's rights. Kinds of operators that are not known here are not seen.
 */
export const operators: RiskEntry = {
  id: 'drives-operators',
  severity: 'medium',
  sentence: 'Can have an operator act for them, often with far more rights than they hold.',
  outlives: 'what the operator was told to do',
  source: 'https://kubernetes.io/docs/concepts/extend-kubernetes/operator/',
  scope: 'namespace',
  abilities: [{ verbs: write, groups, resources: anyObject }],
  inPrivileged: 'high',
  example: [rule(['create'], ['applications'], 'argoproj.io')],
}
