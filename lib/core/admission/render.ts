// Every ValidatingAdmissionPolicy of a cluster: those that are always shipped, and one for each enforceable guardrail.
import { contentHash } from '#lib/core/access/content-hash'
import type { Entitlement } from '#lib/core/access/entitlement'
import { grantsNamespace, protectedNamespaces } from '#lib/core/access/namespaces'
import { reservedPrefix, vouchedGroup, vouchedUserName } from '#lib/core/access/vouched-user'
import { annotations, labels, managedBy } from '#lib/core/grants/names'
import { maxTokenSeconds } from '#lib/core/grants/token-lifetime'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { allOf, anyOf, globCondition, labelConditions, literal, metadataLabels, orElse } from './cel.ts'
import { enforcementOf } from './enforceable.ts'
import { guardrailVariables, matchExpression } from './guardrail-expression.ts'
import { type AdmissionObject, type PolicyParts, resources, toObjects, type ValidationAction } from './policy.ts'
import type { AdmissionMode, AdmissionSection } from './section.ts'

export type AdmissionFacts = {
  cluster: { name: string; labels: Readonly<Record<string, string>>; webhookAuthentication?: object | undefined }
  entitlements: readonly Entitlement[]
  compiled: readonly CompiledGuardrail[]
  admission: AdmissionSection
}

const rbac = 'rbac.authorization.k8s.io'

/** What the name of a grant's user begins with, where the names of its objects begin with `postern-`. */
const vouchedPrefix = vouchedUserName(`grt_${'0'.repeat(26)}`).slice(0, -26)

/** The name of every object of a grant: see objectName(). */
const grantName = '^postern-[0-9a-hjkmnp-tv-z]{26}$'

/**
 * Seconds by which the annotated end of a grant may exceed its longest duration: five minutes in which it may be created,
 * and five for clocks that differ.
 */
const endSlackSeconds = 600

const user = 'request.userInfo.username'
const isPostern = ({ account }: AdmissionSection) => `${user} == ${literal(account)}`

/**
 * Who may remove these policies is not stopped by them: it would only take one more step. So an administrator can still
 * delete a grant by hand while Postern is down.
 */
const mayOverride =
  "authorizer.group('admissionregistration.k8s.io').resource('validatingadmissionpolicies').check('delete').allowed()"

const controller = (name: string) => `system:serviceaccount:kube-system:${name}`

/** Controllers of Kubernetes that delete objects of a namespace that is deleted, or of an owner that is gone. */
const deleters = [
  controller('namespace-controller'),
  controller('generic-garbage-collector'),
  'system:kube-controller-manager',
]
/** What else of Kubernetes itself writes in every namespace. */
const keepers = [
  ...deleters,
  controller('service-account-controller'),
  controller('root-ca-cert-publisher'),
  controller('resourcequota-controller'),
  controller('clusterrole-aggregation-controller'),
  'system:apiserver',
]

const isOneOf = (users: readonly string[]) => `${user} in ${literal(users)}`

/** Is it an object of a grant, by its labels or its name? */
const looksLikeGrant = (object: string) =>
  anyOf([
    `${literal(labels.grant)} in ${metadataLabels(object)}`,
    `${literal(labels.instance)} in ${metadataLabels(object)}`,
    `${literal(labels.managedBy)} in ${metadataLabels(object)} && ${metadataLabels(object)}[${literal(labels.managedBy)}] == ${literal(managedBy)}`,
    `has(${object}.metadata.name) && string(${object}.metadata.name).matches(${literal(grantName)})`,
  ])

/** Only Postern writes the objects of grants. */
const grantObjectsPolicy = (admission: AdmissionSection): PolicyParts => ({
  name: 'postern-grant-objects',
  description: 'Only Postern creates, changes or deletes the objects of grants.',
  resourceRules: [
    resources([rbac], ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'], ['CREATE', 'UPDATE', 'DELETE']),
    resources([''], ['serviceaccounts'], ['CREATE', 'UPDATE', 'DELETE']),
  ],
  conditions: {
    'not-postern': `!(${isPostern(admission)})`,
    'object-of-a-grant': anyOf(
      ['object', 'oldObject'].map((object) => `${object} != null && (${looksLikeGrant(object)})`),
    ),
  },
  validations: [
    {
      expression: `(request.operation == 'DELETE' && ${isOneOf(deleters)}) || ${mayOverride}`,
      message: 'Only Postern may create, change or delete the objects of a grant. End the access in Postern instead.',
    },
  ],
})

/** Nothing but Postern and Kubernetes itself writes in the namespace of the grants. */
const grantsNamespacePolicy = (admission: AdmissionSection): PolicyParts => ({
  name: 'postern-grants-namespace',
  description: `Only Postern writes in the namespace ${grantsNamespace}.`,
  resourceRules: [resources(['*'], ['*/*'], ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'])],
  namespaceLabels: { 'kubernetes.io/metadata.name': grantsNamespace },
  conditions: { 'not-postern': `!(${isPostern(admission)})`, 'not-kubernetes': `!(${isOneOf(keepers)})` },
  validations: [
    {
      expression: mayOverride,
      message: `Only Postern may write in ${grantsNamespace}: anyone who can create a token there can use every grant.`,
    },
  ],
})

/** Nobody turns a grant into access that outlives it. */
const holdersPolicy = ({ webhookAuthentication }: AdmissionFacts['cluster']): PolicyParts => ({
  name: 'postern-grant-holders',
  description: 'No one who acts with a grant creates or changes access.',
  resourceRules: [
    resources([rbac], ['*/*'], ['CREATE', 'UPDATE']),
    resources([''], ['serviceaccounts', 'serviceaccounts/token', 'secrets'], ['CREATE', 'UPDATE']),
    resources(['certificates.k8s.io', 'admissionregistration.k8s.io'], ['*/*'], ['CREATE', 'UPDATE', 'DELETE']),
  ],
  conditions: {
    'acts-with-a-grant': anyOf([
      `${user}.startsWith(${literal(`system:serviceaccount:${grantsNamespace}:`)})`,
      `has(request.userInfo.groups) && ${literal(`system:serviceaccounts:${grantsNamespace}`)} in request.userInfo.groups`,
      ...(webhookAuthentication
        ? [
            `${user}.startsWith(${literal(reservedPrefix)})`,
            `has(request.userInfo.groups) && ${literal(vouchedGroup)} in request.userInfo.groups`,
          ]
        : []),
    ]),
  },
  validations: [
    {
      expression: `request.resource.resource == 'secrets' && request.resource.group == '' && !(has(object.type) && object.type in ['kubernetes.io/service-account-token', 'bootstrap.kubernetes.io/token'])`,
      message:
        'With a grant, no one creates or changes roles, bindings, service accounts, tokens, certificates or admission objects: they would outlive the grant.',
    },
  ],
})

/** The conditions under which a namespace is offered by an entitlement of this cluster; null if there are too many. */
function offeredNamespaces(entitlements: readonly Entitlement[]): string | null {
  const conditions = entitlements.map(({ namespaces, namespaceSelector }) => {
    const globs = namespaces?.map((glob) => {
      const condition = globCondition('variables.place', glob)
      // NB: as globCovers(): `*` never covers kube-system.
      return glob.startsWith('kube-') ? condition : `!variables.place.startsWith('kube-') && ${condition}`
    })
    return allOf([
      ...(globs ? [anyOf(globs)] : []),
      ...labelConditions('variables.namespaceLabels', namespaceSelector ?? {}),
    ])
  })
  const distinct = [...new Set(conditions)]
  return distinct.length > 200 ? null : anyOf(distinct)
}

const workerVariables = (facts: AdmissionFacts): Record<string, string> => {
  const { place = '', namespaceLabels = '' } = guardrailVariables(facts.cluster)
  return {
    place,
    namespaceLabels,
    kind: "request.resource.group + '/' + request.resource.resource + (has(request.subResource) && request.subResource != '' ? '/' + request.subResource : '')",
    isBound: `variables.kind in ${literal([`${rbac}/roles`, `${rbac}/rolebindings`])}`,
    isAccount: "variables.kind == '/serviceaccounts'",
    isToken: "variables.kind == '/serviceaccounts/token'",
    isCreated: "request.operation == 'CREATE' && (variables.isBound || variables.isAccount)",
    object: "request.operation == 'DELETE' ? oldObject : object",
    name: "has(variables.object.metadata.name) ? string(variables.object.metadata.name) : ''",
    labels: metadataLabels('variables.object'),
    annotations: orElse('variables.object.metadata.annotations', '{}'),
  }
}

const ofCreated = (condition: string) => `!variables.isCreated || (${condition})`
const annotation = (key: string) => `variables.annotations[${literal(key)}]`

/** What Postern's own account may write: exactly what a grant consists of. A stolen credential can do no more. */
function workerPolicy(facts: AdmissionFacts): PolicyParts {
  const { admission, entitlements } = facts
  const longest = Math.max(0, ...entitlements.map(({ duration }) => duration.max)) + endSlackSeconds
  const clusterRoles = [...new Set(entitlements.flatMap(({ clusterRole }) => clusterRole ?? []))].sort()
  const offered = offeredNamespaces(entitlements)
  const isPlaced = allOf([
    `!(variables.place in ${literal(protectedNamespaces)})`,
    ...(offered === null ? [] : [`request.operation == 'DELETE' || ${offered}`]),
  ])
  const end = annotation(annotations.expiresAt)
  const created = 'timestamp(object.metadata.creationTimestamp)'
  return {
    name: 'postern-worker',
    description: 'Postern’s own account writes nothing but the objects of grants.',
    resourceRules: [resources(['*'], ['*/*'], ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'])],
    conditions: { postern: isPostern(admission) },
    variables: workerVariables(facts),
    validations: [
      {
        expression: `variables.isBound || variables.isAccount ? request.operation in ['CREATE', 'DELETE'] : variables.isToken && request.operation == 'CREATE'`,
        message:
          'Postern only creates and deletes Roles, RoleBindings and ServiceAccounts of grants, and creates tokens.',
      },
      {
        expression: `variables.isBound ? (${isPlaced}) : variables.place == ${literal(grantsNamespace)}`,
        message: `Postern grants access only in namespaces that an entitlement offers; its ServiceAccounts are in ${grantsNamespace}.`,
      },
      {
        expression: `request.operation != 'DELETE' || ${looksLikeGrant('oldObject')}`,
        message: 'Postern deletes only objects of grants.',
      },
      {
        expression: ofCreated(
          allOf([
            `variables.name.matches(${literal(grantName)})`,
            `${literal(labels.managedBy)} in variables.labels && variables.labels[${literal(labels.managedBy)}] == ${literal(managedBy)}`,
            `${literal(labels.instance)} in variables.labels`,
            `${literal(labels.grant)} in variables.labels && 'postern-' + string(variables.labels[${literal(labels.grant)}]).replace('grt_', '', 1) == variables.name`,
          ]),
        ),
        message: 'An object of a grant has the name and the labels of its grant.',
      },
      {
        expression: ofCreated(
          `${literal(annotations.digest)} in variables.annotations && string(${annotation(annotations.digest)}).matches('^sha256:[0-9a-f]{64}$')`,
        ),
        message: 'An object of a grant names the digest of the approved terms.',
      },
      {
        expression: ofCreated(
          allOf([
            `${literal(annotations.expiresAt)} in variables.annotations`,
            `timestamp(string(${end})) > ${created}`,
            `timestamp(string(${end})) - ${created} <= duration('${longest}s')`,
          ]),
        ),
        message: `An object of a grant names its end, which is not in the past and not more than ${longest} seconds away.`,
      },
      {
        expression: ofCreated('!has(object.metadata.finalizers) && !has(object.metadata.ownerReferences)'),
        message: 'An object of a grant has no finalizers and no owners, which could keep it.',
      },
      {
        expression: `!(variables.isCreated && variables.isAccount) || (has(object.automountServiceAccountToken) && object.automountServiceAccountToken == false && !has(object.secrets) && !has(object.imagePullSecrets))`,
        message: 'The ServiceAccount of a grant has no mounted token and no secrets.',
      },
      {
        expression: `!(variables.isCreated && variables.kind == ${literal(`${rbac}/rolebindings`)}) || (${allOf([
          'has(object.subjects) && object.subjects != null && size(object.subjects) == 1',
          `object.subjects.all(s, ${anyOf([
            `s.kind == 'ServiceAccount' && s.name == variables.name && has(s.namespace) && s.namespace == ${literal(grantsNamespace)}`,
            ...(facts.cluster.webhookAuthentication
              ? [`s.kind == 'User' && s.name == variables.name.replace('postern-', ${literal(vouchedPrefix)}, 1)`]
              : []),
          ])})`,
        ])})`,
        message: `A RoleBinding of a grant has one subject: the ServiceAccount of the grant in ${grantsNamespace}${facts.cluster.webhookAuthentication ? ', or its user' : ''}.`,
      },
      {
        expression: `!(variables.isCreated && variables.kind == ${literal(`${rbac}/rolebindings`)}) || (${anyOf([
          `object.roleRef.kind == 'Role' && object.roleRef.name == variables.name`,
          ...(clusterRoles.length > 0
            ? [`object.roleRef.kind == 'ClusterRole' && object.roleRef.name in ${literal(clusterRoles)}`]
            : []),
        ])})`,
        message:
          'A RoleBinding of a grant refers to the Role of the grant, or to a vetted ClusterRole of an entitlement.',
      },
      {
        expression: `!variables.isToken || (has(request.name) && request.name.matches(${literal(grantName)}) && has(object.spec.expirationSeconds) && object.spec.expirationSeconds <= ${maxTokenSeconds})`,
        message: `A token of a grant is for its ServiceAccount and expires within ${maxTokenSeconds} seconds.`,
      },
    ],
  }
}

const sentenceOf = ({ guardrail: { name, message, description } }: CompiledGuardrail) =>
  `${name}: ${message ?? description}`

/** The guardrails, for Roles that Postern's own account creates. They always deny. */
function grantGuardrailsPolicy(facts: AdmissionFacts): PolicyParts | null {
  const validations = facts.compiled.flatMap((compiled) => {
    const enforcement = enforcementOf(compiled, facts.admission)
    const matches = enforcement.enforced && enforcement.onGrants && matchExpression(compiled, facts.cluster, 'roles')
    if (!matches) return []
    const { effect, limit } = compiled.guardrail
    const message = sentenceOf(compiled)
    if (effect !== 'limit') return [{ expression: `!(${matches})`, message }]
    const most = (limit?.maxDuration ?? 0) + endSlackSeconds
    const end = `timestamp(string(object.metadata.annotations[${literal(annotations.expiresAt)}]))`
    const isShort = `${end} - timestamp(object.metadata.creationTimestamp) <= duration('${most}s')`
    return [{ expression: `!(${matches}) || ${isShort}`, message }]
  })
  if (validations.length === 0) return null
  return {
    name: 'postern-grant-guardrails',
    description: 'A Role of a grant meets every guardrail that the API server can evaluate.',
    resourceRules: [resources([rbac], ['roles'], ['CREATE', 'UPDATE'])],
    conditions: { postern: isPostern(facts.admission) },
    variables: guardrailVariables(facts.cluster),
    validations,
  }
}

const actionOf: Record<AdmissionMode, ValidationAction> = { audit: 'Audit', warn: 'Warn', deny: 'Deny' }

/** The name of the policy that enforces a guardrail on roles that Postern did not write. */
export const guardrailPolicyName = (guardrail: string) => `postern-guardrail-${guardrail}`

/** A guardrail, for Roles and ClusterRoles that anyone else writes. */
function guardrailPolicies(facts: AdmissionFacts): PolicyParts[] {
  return facts.compiled.flatMap((compiled) => {
    const enforcement = enforcementOf(compiled, facts.admission)
    if (!enforcement.enforced || enforcement.onOthers === null) return []
    const kinds = (['roles', 'clusterroles'] as const).flatMap((kind) => {
      const matches = matchExpression(compiled, facts.cluster, kind)
      return matches === null ? [] : [{ kind, matches }]
    })
    if (kinds.length === 0) return []
    return [
      {
        name: guardrailPolicyName(compiled.guardrail.name),
        description: compiled.guardrail.description,
        resourceRules: [
          resources(
            [rbac],
            kinds.map(({ kind }) => kind),
            ['CREATE', 'UPDATE'],
          ),
        ],
        conditions: {
          'not-postern': `!(${isPostern(facts.admission)})`,
          'not-kubernetes': `!(${isOneOf(keepers)})`,
        },
        variables: guardrailVariables(facts.cluster),
        validations: kinds.map(({ kind, matches }) => ({
          expression: `request.resource.resource != '${kind}' || !(${matches})`,
          message: sentenceOf(compiled),
        })),
        actions: [actionOf[enforcement.onOthers]],
      },
    ]
  })
}

/** All policies and bindings of a cluster, in the order in which they are applied. The same facts yield the same objects. */
export function renderAdmission(given: AdmissionFacts): AdmissionObject[] {
  const entitlements = given.entitlements.filter(({ clusters }) => clusters.includes(given.cluster.name))
  const facts = { ...given, entitlements }
  const { admission } = facts
  return [
    workerPolicy(facts),
    grantGuardrailsPolicy(facts) ?? [],
    grantObjectsPolicy(admission),
    grantsNamespacePolicy(admission),
    holdersPolicy(facts.cluster),
    ...guardrailPolicies(facts),
  ]
    .flat()
    .flatMap((parts) => toObjects(parts, contentHash))
}
