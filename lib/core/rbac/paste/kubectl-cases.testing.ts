// For tests: kubectl commands that are tried on a real cluster, and the objects they act on. NODE is a node's name, and
// NAMESPACE that of the namespace in which they run.
// Not covered, because they need running nodes, metrics or a certificate request: top, certificate, the evictions of drain,
// and attaching to a container that was just started.

/**
 * `spare` names verbs, or verbs with their resource, that this situation does not need: a new object needs no patch and a
 * changed one no create. The parser cannot know which it will be, so both situations are cases.
 */
export type KubectlCase = {
  line: string
  input?: string
  spare?: string[]
  /** Connects to a container: it works once the API server lets it through to the node. */
  stream?: true
  /** kubectl fails without printing the server's response. */
  isMute?: true
}

const workload = (kind: string, name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, labels: { app: name } },
  spec: {
    ...(kind === 'DaemonSet' ? {} : { replicas: 0 }),
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    ...spec,
  },
})

const configMap = (name: string, data: object = {}, labels: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
})

/** Deployments without pods, one for each case that changes one. */
const changed = [
  'restarted',
  'paused',
  'imaged',
  'limited',
  'accounted',
  'enved',
  'patched',
  'edited',
  'scaled',
  'subscaled',
  'rescaled',
]

export const caseObjects = [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'x' }] },
  },
  workload('Deployment', 'api', { replicas: 1 }),
  workload('Deployment', 'zero'),
  workload('Deployment', 'undone'),
  workload('Deployment', 'resumed', { paused: true }),
  ...changed.map((name) => workload('Deployment', name)),
  workload('StatefulSet', 'db'),
  workload('DaemonSet', 'agent'),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'api' },
    spec: { selector: { app: 'api' }, ports: [{ port: 80 }] },
  },
  ...[
    'cfg',
    'diffed',
    'raw-deleted',
    'labelled',
    'annotated',
    'deleted',
    'file-deleted',
    'replaced',
    'forced',
    'applied',
    'server-applied',
  ].map((name) => configMap(name, { a: 'b' })),
  configMap('all-deleted', {}, { doomed: 'yes' }),
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly' },
    spec: {
      schedule: '0 0 * * *',
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } } },
      },
    },
  },
]

const json = (value: object) => JSON.stringify(value)
const manifest = (name: string) => json(configMap(name, { a: 'c' }))

export const kubectlCases: KubectlCase[] = [
  { line: 'kubectl get pod web' },
  { line: 'k get po' },
  { line: 'kubectl get pods web -o yaml' },
  { line: 'kubectl get deploy/zero svc/api' },
  { line: 'kubectl get deploy,svc' },
  { line: 'kubectl get pods -l app=web' },
  { line: 'kubectl get all' },
  { line: 'kubectl get cm cfg -w --request-timeout=1s' },
  { line: 'kubectl get cm -w --request-timeout=1s' },
  { line: 'kubectl get deployments.v1.apps zero' },
  { line: 'kubectl get deploy zero --subresource=status' },
  { line: 'kubectl describe pod web' },
  { line: 'kubectl describe deploy zero' },
  { line: 'kubectl describe svc api' },
  { line: 'kubectl describe cm' },
  { line: 'kubectl logs web' },
  { line: 'kubectl logs -c c web --tail=5' },
  { line: 'kubectl logs deploy/api' },
  { line: 'kubectl logs -l app=web' },
  { line: 'kubectl exec web -- ls -l', stream: true },
  { line: 'kubectl exec -it deploy/api -- sh', stream: true },
  { line: 'kubectl exec svc/api -- ls', stream: true },
  { line: 'kubectl attach web', stream: true },
  { line: 'kubectl port-forward web 18080:80', stream: true },
  { line: 'kubectl port-forward svc/api 18081:80', stream: true },
  { line: 'kubectl port-forward deploy/api 18082:80', stream: true },
  { line: 'kubectl cp web:/tmp/a /tmp/postern-never', stream: true },
  { line: 'kubectl scale deploy scaled --replicas=0' },
  { line: 'kubectl scale deploy/rescaled --replicas=0 --current-replicas=0' },
  { line: 'kubectl rollout restart deploy/restarted' },
  { line: 'kubectl rollout pause deployment paused' },
  { line: 'kubectl rollout resume deployment/resumed' },
  { line: 'kubectl rollout status deploy zero --timeout=3s' },
  { line: 'kubectl rollout history deploy/undone' },
  { line: 'kubectl rollout history ds/agent' },
  { line: 'kubectl rollout undo deploy/undone' },
  { line: 'kubectl set image deploy/imaged c=y' },
  { line: 'kubectl set image deployment imaged c=z' },
  { line: 'kubectl set env deploy/enved A=b' },
  { line: 'kubectl set env deploy/enved --list' },
  { line: 'kubectl set env deploy/enved --from=configmap/cfg' },
  { line: 'kubectl set resources deploy limited --limits=cpu=1' },
  { line: 'kubectl set serviceaccount deploy accounted default' },
  { line: `kubectl patch deploy patched -p '{"metadata":{"labels":{"a":"b"}}}'` },
  { line: `kubectl patch deploy subscaled --subresource=scale --type=merge -p '{"spec":{"replicas":0}}'` },
  { line: 'kubectl edit deploy edited' },
  { line: 'kubectl label cm labelled x=y z-' },
  { line: 'kubectl annotate cm/annotated x=y' },
  { line: 'kubectl label cm -l doomed=yes x=y' },
  { line: 'kubectl create configmap made --from-literal=a=b' },
  { line: 'kubectl create deployment made --image=x --replicas=0' },
  { line: 'kubectl create job made --from=cronjob/nightly' },
  { line: 'kubectl create token default' },
  { line: 'kubectl create -f -', input: manifest('created') },
  { line: 'kubectl delete cm deleted' },
  { line: 'kubectl delete cm -l doomed=yes' },
  { line: 'kubectl delete -f -', input: manifest('file-deleted') },
  { line: 'kubectl apply -f -', input: manifest('new'), spare: ['patch'] },
  { line: 'kubectl apply -f -', input: manifest('applied'), spare: ['create'] },
  { line: 'kubectl apply --server-side -f -', input: manifest('server-new') },
  { line: 'kubectl apply --server-side --force-conflicts -f -', input: manifest('server-applied'), spare: ['create'] },
  { line: 'kubectl replace -f -', input: manifest('replaced') },
  { line: 'kubectl replace --force -f -', input: manifest('forced') },
  { line: 'kubectl debug web --image=x -c dbg' },
  { line: 'kubectl debug web --image=x --copy-to=web-copy' },
  { line: 'kubectl run alone --image=x' },
  { line: 'kubectl expose deploy zero --name=exposed --port=80' },
  { line: 'kubectl autoscale deploy zero --max=3', isMute: true },
  { line: 'kubectl wait --for=condition=Available deploy/zero --timeout=3s' },
  { line: 'kubectl events' },
  { line: 'kubectl cordon NODE' },
  { line: 'kubectl drain NODE --force --dry-run=server', spare: ['get pods', 'get daemonsets'] },
  { line: 'kubectl debug node/NODE --image=x' },
  { line: 'kubectl taint node NODE a=b:NoSchedule' },
  { line: 'kubectl get nodes' },
  { line: 'kubectl get ns' },
  { line: 'kubectl get clusterrole view' },
  { line: 'kubectl get ns NAMESPACE' },
  { line: 'kubectl label ns NAMESPACE a=b' },
  { line: 'kubectl cluster-info -n NAMESPACE' },
  { line: 'kubectl diff -f -', input: json(configMap('diffed', { a: 'b' })) },
  { line: 'kubectl get --raw /api/v1/namespaces/NAMESPACE/pods/web' },
  { line: 'kubectl get --raw /apis/apps/v1/namespaces/NAMESPACE/deployments' },
  { line: 'kubectl delete --raw /api/v1/namespaces/NAMESPACE/configmaps/raw-deleted' },
  { line: 'kubectl scale deploy zero --replicas=3 --dry-run=client' },
  { line: 'kubectl label cm cfg x=y --dry-run=client' },
  { line: 'kubectl set env deploy/zero A=b --dry-run=client' },
  { line: 'kubectl apply --dry-run=client -f -', input: json(configMap('cfg', { a: 'd' })) },
  { line: 'kubectl expose deploy zero --name=dry --port=80 --dry-run=client' },
  { line: 'kubectl drain NODE --force --disable-eviction --dry-run=server', spare: ['get pods', 'get daemonsets'] },
  {
    line: 'kubectl auth reconcile -f -',
    input: json({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'reconciled', namespace: 'NAMESPACE' },
      rules: [],
    }),
    spare: ['update'],
  },
]
