// The policy in a file on the control plane that protects the policies of the API.
import { contentHash } from '#lib/core/access/content-hash'
import { allOf, anyOf, labelConditions, literal, metadataLabels } from './cel.ts'
import { type AdmissionObject, admissionLabel, resources, toObjects } from './policy.ts'

/** The names of users and groups, as the API server knows them, that may change the policies. */
export type Keepers = { users: readonly string[]; groups: readonly string[] }

/** What the names of policies in files end in. The API refuses such names (KEP-5793, Kubernetes 1.36). */
const staticSuffix = '.static.k8s.io'

/**
 * A policy and its binding with which an API server refuses changes of the policies of `renderAdmission` by anyone but `keepers`. Only
 * from a file on the control plane: policies of the API never judge policies (Kubernetes, pkg/admission/plugin/policy).
 */
export const protectionPolicy = ({ users, groups }: Keepers): AdmissionObject[] =>
  toObjects(
    {
      name: `postern-admission${staticSuffix}`,
      description: 'Only those who keep Postern’s admission policies change or delete them.',
      resourceRules: [
        resources(
          ['admissionregistration.k8s.io'],
          ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'],
          ['UPDATE', 'DELETE'],
        ),
      ],
      // The API server always sends the object as it was before, so a change that removes the label counts.
      conditions: {
        'policy-of-postern': allOf([
          'oldObject != null',
          ...labelConditions(metadataLabels('oldObject'), { [admissionLabel.key]: admissionLabel.value }),
        ]),
      },
      validations: [
        {
          expression: anyOf([
            `request.userInfo.username in ${literal(users)}`,
            `has(request.userInfo.groups) && request.userInfo.groups.exists(g, g in ${literal(groups)})`,
          ]),
          message:
            'Only those whom a file on the control plane names may change or delete the admission policies of Postern.',
        },
      ],
    },
    contentHash,
  )
