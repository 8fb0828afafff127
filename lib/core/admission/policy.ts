// A ValidatingAdmissionPolicy with its binding, written with every default of the API server, so that an installed policy
// can be compared field by field.

export type Validation = { expression: string; message: string; reason: 'Forbidden' }
type NamedExpression = { name: string; expression: string }
export type ResourceRule = {
  apiGroups: readonly string[]
  apiVersions: readonly string[]
  operations: readonly string[]
  resources: readonly string[]
  scope: '*'
}

export type ValidationAction = 'Audit' | 'Warn' | 'Deny'

type Metadata = { name: string; labels: Record<string, string>; annotations: Record<string, string> }

export type AdmissionPolicy = {
  apiVersion: 'admissionregistration.k8s.io/v1'
  kind: 'ValidatingAdmissionPolicy'
  metadata: Metadata
  spec: {
    failurePolicy: 'Fail'
    matchConstraints: {
      matchPolicy: 'Equivalent'
      namespaceSelector: object
      objectSelector: object
      resourceRules: readonly ResourceRule[]
    }
    matchConditions?: readonly NamedExpression[]
    variables?: readonly NamedExpression[]
    validations: readonly Validation[]
  }
}

export type AdmissionBinding = {
  apiVersion: 'admissionregistration.k8s.io/v1'
  kind: 'ValidatingAdmissionPolicyBinding'
  metadata: Metadata
  spec: { policyName: string; validationActions: readonly ValidationAction[] }
}

export type AdmissionObject = AdmissionPolicy | AdmissionBinding

/** The label of every object that `postern cluster admission` renders. */
export const admissionLabel = { key: 'app.kubernetes.io/part-of', value: 'postern-admission' } as const
export const contentAnnotation = 'postern.dev/content'

export const resources = (
  apiGroups: readonly string[],
  names: readonly string[],
  operations: readonly ('CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT')[],
): ResourceRule => ({ apiGroups, apiVersions: ['*'], operations, resources: names, scope: '*' })

export type PolicyParts = {
  name: string
  /** A sentence for the administrators of the cluster. */
  description: string
  resourceRules: readonly ResourceRule[]
  /** The labels of the namespaces that it applies to; absent for all. */
  namespaceLabels?: Readonly<Record<string, string>>
  conditions?: Readonly<Record<string, string>>
  variables?: Readonly<Record<string, string>>
  validations: readonly { expression: string; message: string }[]
  actions?: readonly ValidationAction[]
}

const named = (expressions: Readonly<Record<string, string>>) =>
  Object.entries(expressions).map(([name, expression]) => ({ name, expression }))

/** A message is one line. */
const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim()

/** @param hash the hash of a specification, which tells whether someone changed it by hand */
export function toObjects(parts: PolicyParts, hash: (spec: object) => string): [AdmissionPolicy, AdmissionBinding] {
  const { name, conditions = {}, variables = {}, validations, namespaceLabels } = parts
  const spec: AdmissionPolicy['spec'] = {
    failurePolicy: 'Fail',
    matchConstraints: {
      matchPolicy: 'Equivalent',
      namespaceSelector: namespaceLabels ? { matchLabels: namespaceLabels } : {},
      objectSelector: {},
      resourceRules: parts.resourceRules,
    },
    ...(Object.keys(conditions).length > 0 ? { matchConditions: named(conditions) } : {}),
    ...(Object.keys(variables).length > 0 ? { variables: named(variables) } : {}),
    validations: validations.map(({ expression, message }) => ({
      expression,
      message: oneLine(message),
      reason: 'Forbidden',
    })),
  }
  const bindingSpec = { policyName: name, validationActions: parts.actions ?? (['Deny'] as const) }
  const metadata = (of: object): Metadata => ({
    name,
    labels: { [admissionLabel.key]: admissionLabel.value },
    annotations: { 'postern.dev/description': oneLine(parts.description), [contentAnnotation]: hash(of) },
  })
  const apiVersion = 'admissionregistration.k8s.io/v1'
  return [
    { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata: metadata(spec), spec },
    { apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata: metadata(bindingSpec), spec: bindingSpec },
  ]
}
