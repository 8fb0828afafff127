// What kubectl calls things: resources with their groups, kinds and short names.

export type KnownResource = {
  group: string
  /** In plural, as in a URL and in a rule. */
  resource: string
  kind: string
  shortNames: readonly string[]
  namespaced: boolean
}

// One line each: resource, kind, short names; `!` marks those of the whole cluster. Kubernetes 1.37 and what most
// clusters add; where a cluster's own discovery is at hand, that is used instead.
const table: Record<string, string> = {
  '': `
    bindings Binding
    componentstatuses! ComponentStatus cs
    configmaps ConfigMap cm
    endpoints Endpoints ep
    events Event ev
    limitranges LimitRange limits
    namespaces! Namespace ns
    nodes! Node no
    persistentvolumeclaims PersistentVolumeClaim pvc
    persistentvolumes! PersistentVolume pv
    pods Pod po
    podtemplates PodTemplate
    replicationcontrollers ReplicationController rc
    resourcequotas ResourceQuota quota
    secrets Secret
    serviceaccounts ServiceAccount sa
    services Service svc`,
  'admissionregistration.k8s.io': `
    mutatingadmissionpolicies! MutatingAdmissionPolicy
    mutatingadmissionpolicybindings! MutatingAdmissionPolicyBinding
    mutatingwebhookconfigurations! MutatingWebhookConfiguration
    validatingadmissionpolicies! ValidatingAdmissionPolicy
    validatingadmissionpolicybindings! ValidatingAdmissionPolicyBinding
    validatingwebhookconfigurations! ValidatingWebhookConfiguration`,
  'apiextensions.k8s.io': 'customresourcedefinitions! CustomResourceDefinition crd crds',
  'apiregistration.k8s.io': 'apiservices! APIService',
  apps: `
    controllerrevisions ControllerRevision
    daemonsets DaemonSet ds
    deployments Deployment deploy
    replicasets ReplicaSet rs
    statefulsets StatefulSet sts`,
  'authentication.k8s.io': `
    selfsubjectreviews! SelfSubjectReview
    tokenreviews! TokenReview`,
  'authorization.k8s.io': `
    localsubjectaccessreviews LocalSubjectAccessReview
    selfsubjectaccessreviews! SelfSubjectAccessReview
    selfsubjectrulesreviews! SelfSubjectRulesReview
    subjectaccessreviews! SubjectAccessReview`,
  autoscaling: 'horizontalpodautoscalers HorizontalPodAutoscaler hpa',
  batch: `
    cronjobs CronJob cj
    jobs Job`,
  'certificates.k8s.io': `
    certificatesigningrequests! CertificateSigningRequest csr
    clustertrustbundles! ClusterTrustBundle
    podcertificaterequests PodCertificateRequest`,
  'coordination.k8s.io': 'leases Lease',
  'discovery.k8s.io': 'endpointslices EndpointSlice',
  'events.k8s.io': 'events Event ev',
  'flowcontrol.apiserver.k8s.io': `
    flowschemas! FlowSchema
    prioritylevelconfigurations! PriorityLevelConfiguration`,
  'gateway.networking.k8s.io': `
    gatewayclasses! GatewayClass gc
    gateways Gateway gtw
    grpcroutes GRPCRoute
    httproutes HTTPRoute`,
  'metrics.k8s.io': `
    nodes! NodeMetrics
    pods PodMetrics`,
  'networking.k8s.io': `
    ingressclasses! IngressClass
    ingresses Ingress ing
    ipaddresses! IPAddress ip
    networkpolicies NetworkPolicy netpol
    servicecidrs! ServiceCIDR`,
  'node.k8s.io': 'runtimeclasses! RuntimeClass',
  policy: 'poddisruptionbudgets PodDisruptionBudget pdb',
  'rbac.authorization.k8s.io': `
    clusterrolebindings! ClusterRoleBinding
    clusterroles! ClusterRole
    rolebindings RoleBinding
    roles Role`,
  'resource.k8s.io': `
    deviceclasses! DeviceClass
    devicetaintrules! DeviceTaintRule
    resourceclaims ResourceClaim
    resourceclaimtemplates ResourceClaimTemplate
    resourceslices! ResourceSlice`,
  'scheduling.k8s.io': 'priorityclasses! PriorityClass pc',
  'snapshot.storage.k8s.io': `
    volumesnapshotclasses! VolumeSnapshotClass vsclass vsclasses
    volumesnapshotcontents! VolumeSnapshotContent vsc vscs
    volumesnapshots VolumeSnapshot vs`,
  'storage.k8s.io': `
    csidrivers! CSIDriver
    csinodes! CSINode
    csistoragecapacities CSIStorageCapacity
    storageclasses! StorageClass sc
    volumeattachments! VolumeAttachment
    volumeattributesclasses! VolumeAttributesClass vac`,
  'storagemigration.k8s.io': 'storageversionmigrations! StorageVersionMigration',
}

export const knownResources: readonly KnownResource[] = Object.entries(table).flatMap(([group, lines]) =>
  lines
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', kind = '', ...shortNames] = line.trim().split(' ')
      return { group, resource: name.replace('!', ''), kind, shortNames, namespaced: !name.endsWith('!') }
    }),
)

/** What `kubectl get all` asks for, as the server's category `all` says. */
export const allResources = [
  'pods',
  'replicationcontrollers',
  'services',
  'daemonsets',
  'deployments',
  'replicasets',
  'statefulsets',
  'horizontalpodautoscalers',
  'cronjobs',
  'jobs',
]

// Singular names are the kind in lower case: true of all of the table and what the API conventions ask of others.
const isCalled = (known: KnownResource, word: string) =>
  known.resource === word || known.kind.toLowerCase() === word || known.shortNames.includes(word)

/**
 * The resource that kubectl takes a word for: `po`, `pod`, `Pods`, `deployments.apps`, `deployments.v1.apps`. Where two
 * groups have it the first of the table is taken, as kubectl takes the first of the server's. A word that is not known
 * but names its group is taken at its word, as a namespaced resource.
 */
export function findResource(text: string, known: readonly KnownResource[]): KnownResource | undefined {
  const word = text.toLowerCase()
  const exact = known.find((candidate) => isCalled(candidate, word))
  if (exact) return exact
  const dot = word.indexOf('.')
  if (dot < 1) return undefined
  const name = word.slice(0, dot)
  const group = word.slice(dot + 1)
  const unversioned = group.replace(/^v[0-9][a-z0-9]{0,20}(\.|$)/, '')
  const qualified = known.find(
    (candidate) => isCalled(candidate, name) && (candidate.group === group || candidate.group === unversioned),
  )
  if (qualified) return qualified
  if (!unversioned.includes('.')) return undefined
  return { group: unversioned, resource: name, kind: '', shortNames: [], namespaced: true }
}

/** The resource of a manifest's `apiVersion` and `kind`. */
export function resourceOfKind(apiVersion: string, kind: string, known: readonly KnownResource[]) {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return known.find((candidate) => candidate.group === group && candidate.kind === kind)
}
