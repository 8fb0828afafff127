// Risk family: running code in the cluster, reaching into running programs, and stopping them.
import { type Ability, any, goodPractices, type RiskFamily, rule, write } from './entry.ts'

const docs = 'https://kubernetes.io/docs'
const running = `${goodPractices}#workload-creation`

const controllers = [
  'deployments',
  'daemonsets',
  'statefulsets',
  'replicasets',
  'replicationcontrollers',
  'jobs',
  'cronjobs',
]
// `extensions` served Deployments, DaemonSets and ReplicaSets until Kubernetes 1.16.
const controllerGroups = ['apps', 'batch', '', 'extensions']

const endPods: Ability = {
  verbs: ['delete'],
  groups: [''],
  resources: ['pods'],
  or: { verbs: ['create'], groups: [''], resources: ['pods/eviction'] },
}

/** Taints of effect NoExecute remove pods from some nodes and keep them off those, in one step. */
const taintNodes: Ability = { verbs: ['update', 'patch'], groups: [''], resources: ['nodes'] }

/** Ends pods so that they are recreated: by themselves, by a false status, or with their node. */
const removePods: Ability = {
  verbs: ['update', 'patch'],
  groups: [''],
  resources: ['pods', 'pods/status'],
  or: { verbs: ['delete', 'deletecollection'], groups: [''], resources: ['nodes', 'pods'], or: endPods },
}

/** Reports that a node has no room. */
const fakeNodeStatus: Ability = { verbs: ['update', 'patch'], groups: [''], resources: ['nodes/status'] }

export const workloads: RiskFamily = {
  title: 'Workloads',
  entries: [
    {
      id: 'creates-pods',
      severity: 'medium',
      sentence: 'Can run any program as any service account in the namespace, with access to its secrets and volumes.',
      outlives: 'the pod',
      source: running,
      scope: 'namespace',
      abilities: [{ verbs: ['create'], groups: [''], resources: ['pods'] }],
      takesOver: true,
      inPrivileged: 'high',
      example: [rule(['create'], ['pods'])],
    },
    {
      id: 'writes-workloads',
      severity: 'medium',
      sentence: 'Can change which program a workload runs, and as which service account in the namespace.',
      outlives: 'the changed workload and its pods',
      source: running,
      scope: 'namespace',
      abilities: [{ verbs: write, groups: controllerGroups, resources: controllers }],
      takesOver: true,
      inPrivileged: 'high',
      example: [rule(['patch'], ['deployments'], 'apps')],
    },
    {
      id: 'changes-pods',
      severity: 'medium',
      sentence: 'Can replace the image of a running pod, and so run any program as its service account.',
      outlives: 'the changed pod',
      source: `${docs}/concepts/workloads/pods/#pod-update-and-replacement`,
      scope: 'namespace',
      abilities: [{ verbs: ['update', 'patch'], groups: [''], resources: ['pods'] }],
      takesOver: true,
      inPrivileged: 'high',
      example: [rule(['patch'], ['pods'])],
    },
    {
      // NB: `get` is enough on servers before 1.35, over a WebSocket.
      id: 'runs-commands-in-pods',
      severity: 'medium',
      sentence: 'Can run commands in pods and read everything the pod can read, including its service account token.',
      outlives: 'a session that is open when the grant ends',
      source: 'https://github.com/kubernetes/kubernetes/pull/134577',
      scope: 'namespace',
      abilities: [{ verbs: ['create', 'get'], groups: [''], resources: ['pods/exec'] }],
      takesOver: true,
      inPrivileged: 'high',
      example: [rule(['get'], ['pods/exec'])],
    },
    {
      id: 'attaches-to-pods',
      severity: 'medium',
      sentence: 'Can read the output of programs that run in pods, and type into them.',
      outlives: 'a session that is open when the grant ends',
      source: 'https://github.com/kubernetes/kubernetes/pull/134577',
      scope: 'namespace',
      abilities: [{ verbs: ['create', 'get'], groups: [''], resources: ['pods/attach'] }],
      takesOver: true,
      inPrivileged: 'high',
      example: [rule(['create'], ['pods/attach'])],
    },
    {
      id: 'adds-debug-containers',
      severity: 'medium',
      sentence: 'Can add a container of their choice to a running pod, with access to its secrets and its memory.',
      outlives: 'the added container',
      source: `${docs}/concepts/workloads/pods/ephemeral-containers/`,
      scope: 'namespace',
      abilities: [{ verbs: ['update', 'patch'], groups: [''], resources: ['pods/ephemeralcontainers'] }],
      takesOver: true,
      inPrivileged: 'high',
      example: [rule(['patch'], ['pods/ephemeralcontainers'])],
    },
    {
      id: 'forwards-ports',
      severity: 'medium',
      sentence: 'Can connect to every port of the pods, even where network policies block other clients.',
      outlives: 'a connection that is open when the grant ends',
      source: `${docs}/tasks/access-application-cluster/port-forward-access-application-cluster/`,
      scope: 'namespace',
      isContained: true,
      abilities: [{ verbs: ['create', 'get'], groups: [''], resources: ['pods/portforward'] }],
      example: [rule(['create'], ['pods/portforward'])],
    },
    {
      id: 'proxies-to-pods',
      severity: 'medium',
      sentence: 'Can send requests to pods and services from the control plane, which bypasses network policies.',
      outlives: null,
      source: `${docs}/tasks/access-application-cluster/access-cluster-services/`,
      scope: 'namespace',
      isContained: true,
      abilities: [
        {
          verbs: ['get', 'create', 'update', 'patch', 'delete'],
          groups: [''],
          resources: ['pods/proxy', 'services/proxy'],
        },
      ],
      example: [rule(['get'], ['services/proxy'])],
    },
    {
      id: 'reads-logs',
      severity: 'low',
      sentence: 'Can read the logs of programs, which may contain personal data or secrets.',
      outlives: 'the logs that were read',
      source: `${docs}/concepts/cluster-administration/logging/`,
      scope: 'namespace',
      isContained: true,
      abilities: [{ verbs: ['get'], groups: [''], resources: ['pods/log'] }],
      example: [rule(['get'], ['pods/log'])],
    },
    {
      id: 'fakes-pod-status',
      severity: 'low',
      sentence: 'Can make pods look ready or failed, and so redirect or stop traffic.',
      outlives: null,
      source: `${docs}/concepts/workloads/pods/pod-lifecycle/`,
      scope: 'namespace',
      isContained: true,
      abilities: [{ verbs: ['update', 'patch'], groups: [''], resources: ['pods/status'] }],
      example: [rule(['patch'], ['pods/status'])],
    },
    {
      id: 'steals-pods',
      severity: 'high',
      sentence: 'Can move pods with powerful service accounts to a node of their choice.',
      outlives: null,
      source: 'https://github.com/PaloAltoNetworks/rbac-police',
      scope: 'cluster',
      // Taints are enough. A false status needs a way to remove pods too.
      abilities: [
        { ...taintNodes, or: removePods },
        { ...taintNodes, or: fakeNodeStatus },
      ],
      includes: ['deletes-pods', 'changes-nodes'],
      example: [rule(['patch'], ['nodes'])],
    },
    {
      id: 'places-pods',
      severity: 'medium',
      sentence: 'Can place pending pods on a node of their choice, which bypasses the scheduler.',
      outlives: 'the placed pods',
      source: 'pkg/registry/core/pod/storage/storage.go (BindingREST)',
      scope: 'namespace',
      isContained: true,
      abilities: [{ verbs: ['create'], groups: [''], resources: ['pods/binding', 'bindings'] }],
      example: [rule(['create'], ['pods/binding'])],
    },
    {
      id: 'scales-workloads',
      severity: 'low',
      sentence: 'Can stop a service by scaling it to zero, or exhaust the cluster by scaling it up.',
      outlives: 'the changed number of replicas',
      source: `${docs}/concepts/workloads/autoscaling/`,
      scope: 'namespace',
      isContained: true,
      abilities: [
        {
          verbs: ['update', 'patch'],
          groups: controllerGroups,
          resources: controllers.map((resource) => `${resource}/scale`),
        },
      ],
      example: [rule(['patch'], ['deployments/scale'], 'apps')],
    },
    {
      id: 'sets-autoscalers',
      severity: 'low',
      sentence: 'Can change how far services scale, down to almost nothing or up to the capacity of the cluster.',
      outlives: 'the autoscaler',
      source: `${docs}/tasks/run-application/horizontal-pod-autoscale/`,
      scope: 'namespace',
      isContained: true,
      abilities: [{ verbs: write, groups: ['autoscaling'], resources: ['horizontalpodautoscalers'] }],
      example: [rule(['create'], ['horizontalpodautoscalers'], 'autoscaling')],
    },
    {
      id: 'writes-revisions',
      severity: 'medium',
      sentence: 'Can change what a StatefulSet or DaemonSet becomes when someone rolls it back.',
      outlives: 'the changed revision',
      source: 'pkg/controller/history/controller_history.go',
      scope: 'namespace',
      abilities: [{ verbs: write, groups: ['apps'], resources: ['controllerrevisions'] }],
      example: [rule(['patch'], ['controllerrevisions'], 'apps')],
    },
    {
      id: 'deletes-pods',
      severity: 'low',
      sentence: 'Can delete running pods. Pods with a controller are recreated.',
      outlives: null,
      source: `${docs}/concepts/workloads/pods/disruptions/`,
      scope: 'namespace',
      isContained: true,
      abilities: [endPods],
      example: [rule(['delete'], ['pods'])],
    },
    {
      id: 'deletes-workloads',
      severity: 'medium',
      sentence: 'Can permanently delete services, workloads or stored data.',
      outlives: 'the deletion',
      source: `${docs}/reference/kubectl/generated/kubectl_delete/`,
      scope: 'namespace',
      isContained: true,
      abilities: [
        {
          verbs: ['delete'],
          groups: [...controllerGroups, 'networking.k8s.io'],
          resources: [...controllers, 'services', 'persistentvolumeclaims', 'configmaps', 'secrets', 'ingresses'],
        },
      ],
      example: [rule(['delete'], ['deployments'], 'apps')],
    },
    {
      id: 'deletes-in-bulk',
      severity: 'medium',
      sentence: 'Can delete all objects of a kind in the namespace with one call.',
      outlives: 'the deletion',
      source: `${docs}/reference/access-authn-authz/rbac/#referring-to-resources`,
      scope: 'namespace',
      isContained: true,
      abilities: [{ verbs: ['deletecollection'], groups: any, resources: any, named: 'never' }],
      example: [rule(['deletecollection'], ['pods'])],
    },
  ],
}
