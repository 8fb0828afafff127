// Risk family: policies and quotas that enforce limits, and events that reveal a breach.
import { goodPractices, kep, type RiskFamily, rule, writeOrDelete } from './entry.ts'

const docs = 'https://kubernetes.io/docs'
const admission = 'admissionregistration.k8s.io'

/**
 * The security context constraints of OpenShift that allow nothing of the host and no root user. Everyone may use the
 * restricted ones.
 */
const strictConstraints = ['restricted', 'restricted-v2', 'restricted-v3', 'nonroot', 'nonroot-v2']

export const guards: RiskFamily = {
  title: 'Policies, limits and events',
  entries: [
    {
      id: 'writes-admission-webhooks',
      severity: 'high',
      sentence: 'Can read and change every object that anyone writes, or disable the webhooks that check them.',
      outlives: 'the webhook configuration',
      source: `${goodPractices}#control-admission-webhooks`,
      scope: 'cluster',
      abilities: [
        {
          verbs: writeOrDelete,
          groups: [admission],
          resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
        },
      ],
      example: [rule(['patch'], ['mutatingwebhookconfigurations'], admission)],
    },
    {
      id: 'changes-guardrails',
      severity: 'high',
      sentence: 'Can remove or change the admission policies that limit everyone, including this grant.',
      outlives: 'the changed policies',
      source: kep(3488),
      scope: 'cluster',
      abilities: [
        {
          verbs: writeOrDelete,
          groups: [admission],
          resources: ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'],
        },
      ],
      example: [rule(['delete'], ['validatingadmissionpolicybindings'], admission)],
    },
    {
      id: 'writes-mutating-policies',
      severity: 'high',
      sentence: 'Can make the API server rewrite every object that anyone writes, including bindings.',
      outlives: 'the changed policies',
      source: kep(3962),
      scope: 'cluster',
      abilities: [
        {
          verbs: writeOrDelete,
          groups: [admission],
          resources: ['mutatingadmissionpolicies', 'mutatingadmissionpolicybindings'],
        },
      ],
      example: [rule(['create'], ['mutatingadmissionpolicies'], admission)],
    },
    {
      // NB: a binding in the namespace is enough, because a Namespace object counts as being inside itself.
      id: 'changes-namespaces',
      severity: 'high',
      sentence: 'Can change the labels by which pod security, network and admission policies select the namespace.',
      outlives: 'the changed labels',
      source: `${goodPractices}#namespace-modification`,
      scope: 'namespace',
      abilities: [
        {
          verbs: ['update', 'patch'],
          groups: ['', 'project.openshift.io'],
          resources: ['namespaces', 'namespaces/finalize', 'projects'],
        },
      ],
      example: [rule(['patch'], ['namespaces'])],
    },
    {
      id: 'uses-loose-pod-security',
      severity: 'high',
      sentence: 'Can run pods under a less strict security policy, up to full control of the node.',
      outlives: 'the pods',
      source: `${docs}/concepts/security/pod-security-policy/`,
      scope: 'namespace',
      abilities: [
        {
          verbs: ['use'],
          groups: ['policy', 'extensions', 'security.openshift.io'],
          resources: ['podsecuritypolicies', 'securitycontextconstraints'],
          harmlessNames: strictConstraints,
        },
      ],
      example: [rule(['use'], ['podsecuritypolicies'], 'policy')],
    },
    {
      id: 'deletes-events',
      severity: 'medium',
      sentence: 'Can delete the events that would reveal their actions.',
      outlives: 'the deletion',
      source: 'https://attack.mitre.org/techniques/T1070/',
      scope: 'namespace',
      isContained: true,
      abilities: [{ verbs: ['delete', 'deletecollection'], groups: ['', 'events.k8s.io'], resources: ['events'] }],
      example: [rule(['delete'], ['events'])],
    },
    {
      // NB: low, because every event recorder needs it: it counts a repeated event by a patch.
      id: 'rewrites-events',
      severity: 'low',
      sentence: 'Can rewrite the events that would reveal their actions.',
      outlives: 'the changed events',
      source: 'https://attack.mitre.org/techniques/T1070/',
      scope: 'namespace',
      isContained: true,
      abilities: [{ verbs: ['update', 'patch'], groups: ['', 'events.k8s.io'], resources: ['events'] }],
      example: [rule(['update'], ['events'])],
    },
    {
      id: 'changes-quotas',
      severity: 'low',
      sentence: 'Can raise or lower how much of the cluster the namespace may use.',
      outlives: 'the changed limits',
      source: `${docs}/concepts/policy/resource-quotas/`,
      scope: 'namespace',
      isContained: true,
      abilities: [{ verbs: writeOrDelete, groups: [''], resources: ['resourcequotas', 'limitranges'] }],
      example: [rule(['patch'], ['resourcequotas'])],
    },
    {
      id: 'changes-disruption-budgets',
      severity: 'low',
      sentence: 'Can change how many pods of a service may be evicted at once.',
      outlives: 'the changed budgets',
      source: `${docs}/tasks/run-application/configure-pdb/`,
      scope: 'namespace',
      isContained: true,
      abilities: [{ verbs: writeOrDelete, groups: ['policy'], resources: ['poddisruptionbudgets'] }],
      example: [rule(['delete'], ['poddisruptionbudgets'], 'policy')],
    },
  ],
}
