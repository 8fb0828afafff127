// The sentences of refusals that no grant can change, each with the reason and with what would help.
import type { Note } from './needed-permissions.ts'

export type Sign = { anyOf: string[]; note: Note }

const sign = (code: string, sentence: string, ...anyOf: string[]): Sign => ({ anyOf, note: { code, sentence } })

export const notSignedIn: Note = {
  code: 'not-signed-in',
  sentence: "The API server didn't recognize the caller, so more access won't help. Sign in to the cluster again.",
}

export const escalation: Note = {
  code: 'escalation',
  sentence:
    "Kubernetes refuses a role or binding with more permissions than its author holds, so access to roles won't help. Grant only what you hold, or let an administrator write it.",
}

/** Codes of notes about refusals that RBAC did not make, so that no grant would help. */
const decidedElsewhere = new Set([
  ...[
    'not-signed-in',
    'sign-in-failed',
    'admission-policy',
    'gke',
    'admission-webhook',
    'pod-security',
    'scc',
    'quota',
  ],
  ...['quota-values', 'limit-range', 'terminating', 'node-restriction', 'kubelet', 'argo-cd', 'teleport', 'program'],
  ...['cloud-account', 'registry', 'unreachable', 'admission', 'pod-security-policy', 'aggregation', 'escalation'],
  ...['webhook-unavailable', 'disruption-budget'],
])

export const isDecidedElsewhere = (code: string): boolean => decidedElsewhere.has(code)

/** GKE's own authorizer: it decides before RBAC, so such a sentence names no permission that a role could grant. */
export const gkeTail = /^\W*GKE(?:Warden|Autopilot)/

/** The first sign that a text contains explains it; a text may contain several. */
export const signs: readonly Sign[] = [
  {
    anyOf: [
      'You must be logged in to the server',
      'the server has asked for the client to provide credentials',
      '"reason":"Unauthorized"',
      'Error from server (Unauthorized)',
      'Error: Unauthorized',
      'error: Unauthorized',
    ],
    note: notSignedIn,
  },
  sign(
    'sign-in-failed',
    "The program that signs you in to the cluster failed before the call was made, so more access won't help. Sign in again with it, or reinstall it.",
    'getting credentials: exec',
    'exec: executable ',
    'exec plugin: invalid',
    'get-token: authentication error',
    'oidc: authentication error',
    'oauth2: cannot fetch token',
    'failed to refresh token',
    '"error":"invalid_grant"',
    'error: "invalid_grant"',
    'AADSTS',
  ),
  sign(
    'escalation',
    escalation.sentence,
    'is attempting to grant RBAC permissions not currently held',
    'attempt to grant extra privileges',
    'cannot grant extra privileges',
  ),
  sign(
    'aggregation',
    "Only a cluster administrator may write an aggregated ClusterRole, so more access won't help. Contact one.",
    'must have cluster-admin privileges to use the aggregationRule',
  ),
  sign(
    'admission-policy',
    'An admission policy of the cluster rejects this object from any user. Change the object.',
    'ValidatingAdmissionPolicy',
  ),
  sign(
    'gke',
    "Google's own rules for GKE (Warden) refuse this to every user, so more access won't help. Use a namespace that GKE doesn't manage, or change the object.",
    'GKE Warden',
    'GKEAutopilot authz',
    'GKE Policy Controller rejected',
  ),
  sign(
    'admission-webhook',
    'An admission webhook of the cluster rejects this object from any user. Change the object.',
    'admission webhook "',
  ),
  sign(
    'webhook-unavailable',
    "An admission webhook of the cluster did not answer, so more access won't help. Try again, or contact the administrators of the webhook.",
    'failed calling webhook',
    'failed to call webhook',
  ),
  sign(
    'disruption-budget',
    "A PodDisruptionBudget blocks the eviction for any user, so more access won't help. Wait until more pods are ready, or let the owner of the budget change it.",
    "would violate the pod's disruption budget",
  ),
  sign(
    'pod-security',
    'The Pod Security level of the namespace rejects this pod from any user. Change the pod.',
    'violates PodSecurity',
  ),
  sign(
    'scc',
    'OpenShift has no security context constraint that allows this pod. Change its securityContext, or let an administrator allow its ServiceAccount to use another constraint.',
    'unable to validate against any security context constraint',
    'not usable by user or serviceaccount',
  ),
  sign(
    'pod-security-policy',
    'No PodSecurityPolicy allows this pod. Change its securityContext, or let an administrator allow its ServiceAccount to use another policy.',
    'unable to validate against any pod security policy',
    'unable to admit pod',
  ),
  sign(
    'quota-values',
    "A quota of the namespace requires requests and limits, so more access won't help. Set the missing values in the object.",
    'failed quota:',
  ),
  sign(
    'quota',
    "The namespace has used up its quota, so more access won't help. Free some of it, or let an administrator raise it.",
    'exceeded quota:',
    'status unknown for quota',
  ),
  sign(
    'limit-range',
    "A LimitRange of the namespace rejects these requests and limits from any user, so more access won't help. Change them in the object.",
    ...['Pod', 'Container', 'PersistentVolumeClaim', 'openshift.io/Image', 'openshift.io/ImageStream'].flatMap(
      (kind) => [`usage per ${kind} is`, `limit to request ratio per ${kind} is`],
    ),
  ),
  sign('terminating', 'The namespace is being deleted and accepts no new objects.', 'because it is being terminated'),
  sign(
    'node-restriction',
    "The caller is a node, and Kubernetes limits what a node may change (NodeRestriction), so more access won't help. Make the change as a person.",
    'is not allowed to modify node',
    'is not allowed to modify labels',
    'is not allowed to modify taints',
    'is not allowed to create pods',
    'can only create and delete mirror pods',
    'can only create mirror pods',
    'can only create pods with spec.nodeName set to itself',
    'can only delete pods with spec.nodeName set to itself',
    'can only evict pods with spec.nodeName set to itself',
    'can only update pod status for pods with spec.nodeName set to itself',
    'no relationship found between node',
    'cannot modify node',
  ),
  sign(
    'kubelet',
    'A kubelet refused the API server itself. Contact the administrators of the cluster.',
    'Forbidden (user=',
    'Authorization error (user=',
    'unable to upgrade connection: Forbidden',
    'unable to upgrade connection: Unauthorized',
  ),
  sign(
    'argo-cd',
    "Argo CD refused this by its own roles (argocd-rbac-cm), so access to the cluster won't help. Request a role in Argo CD.",
    ...[
      'applications',
      'applicationsets',
      'projects',
      'clusters',
      'repositories',
      'certificates',
      'accounts',
      'logs',
      'exec',
      'gpgkeys',
    ].map((kind) => `permission denied: ${kind},`),
    'code = PermissionDenied desc = permission denied',
  ),
  sign(
    'teleport',
    "Teleport refused this by its own roles, so access to the cluster won't help. Request a role in Teleport.",
    "Your user's Teleport role does not allow Kubernetes access",
    'access denied to perform action',
    'this user cannot request kubernetes access',
    'kubernetes cluster access denied',
    'impersonation request has been denied',
    'ERROR: access denied to ',
    '[00] access denied',
  ),
  sign(
    'cloud-account',
    "The cloud provider refused this by its own permissions, so access to the cluster won't help. Request the permission that the message names from the administrators of the cloud account.",
    'is not authorized to perform:',
    'AccessDeniedException',
    'An error occurred (AccessDenied)',
    'UnauthorizedOperation',
    'does not have authorization to perform action',
    'AuthorizationFailed',
    'code=403, message=Required "',
    'PERMISSION_DENIED',
  ),
  sign(
    'registry',
    "A container registry refused this, not the cluster, so more access won't help. Sign in to the registry.",
    'requested access to the resource is denied',
    'pull access denied for',
  ),
  sign(
    'unreachable',
    "The API server couldn't be reached, so more access won't help. Check the network and the address in your kubeconfig.",
    'was refused - did you specify the right host or port',
    'Unable to connect to the server: dial tcp',
    'Unable to connect to the server: net/http',
    'Unable to connect to the server: context deadline exceeded',
    'Unable to connect to the server: x509',
    'Unable to connect to the server: tls',
    'Unable to connect to the server: EOF',
  ),
  sign(
    'admission',
    "The API server's own checks reject this object from any user, so more access won't help. Change the object.",
    'only dynamically provisioned pvc can be resized',
    'no PriorityClass with name',
    'pod rejected: RuntimeClass',
    'this namespace may not be deleted',
    'error looking up service account',
    'Use of external IPs is denied by admission control',
    'node label selector conflicts with its namespace',
    'conflict with its namespace whitelist',
    'one or more images rejected by webhook backend',
    'SecurityContext.RunAsUser is forbidden',
    'Forbidden: disallowed by cluster policy',
    'may not update fields other than',
    'not yet ready to handle request',
  ),
  sign(
    'cloud',
    'The message also names a permission of the cloud provider. The Kubernetes permission is enough.',
    'requires one of ["',
    'permission(s) in Cloud IAM',
    'User does not have access to the resource in Azure',
  ),
]
