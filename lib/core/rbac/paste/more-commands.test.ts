import { describe, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { readPaste } from './paste.ts'

const text = (rules: readonly Rule[] = []) =>
  rules
    .flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
      resources.flatMap((resource) =>
        verbs.map(
          (verb) =>
            `${verb} ${resource}${apiGroups[0] && `.${apiGroups[0]}`}${resourceNames ? ` ${resourceNames}` : ''}`,
        ),
      ),
    )
    .sort()
const manifest = '\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}'
const rbac = 'rbac.authorization.k8s.io'

describe('the permissions of further commands', () => {
  const table: [string, string[], string[], string[]][] = [
    [`kubectl diff -f x.yaml${manifest}`, ['get configmaps a', 'patch configmaps a'], [], []],
    [
      'kubectl replace --raw "/api/v1/namespaces/shop/finalize" -f ./shop.json',
      ['update namespaces/finalize shop'],
      [],
      ['shop'],
    ],
    ['kubectl get --raw /apis/metrics.k8s.io/v1beta1/namespaces/shop/pods', ['list pods.metrics.k8s.io'], [], ['shop']],
    ['kubectl get --raw /api/v1/nodes/n1/proxy/stats/summary', [], ['get nodes/proxy n1'], []],
    ['kubectl delete --raw /api/v1/namespaces/shop/pods/web', ['delete pods web'], [], ['shop']],
    ['kubectl cluster-info', ['list services'], [], ['kube-system']],
    ['kubectl get ns shop', ['get namespaces shop'], [], ['shop']],
    ['kubectl label ns shop a=b', ['get namespaces shop', 'patch namespaces shop'], [], ['shop']],
    ['kubectl delete namespace shop', ['delete namespaces shop'], [], ['shop']],
    ['kubectl describe ns shop -n other', ['get namespaces shop'], [], ['shop']],
    ['kubectl get ns', [], ['list namespaces'], []],
    ['kubectl create ns shop', [], ['create namespaces'], []],
    [
      'kubectl drain n1 --disable-eviction',
      [],
      ['delete pods', 'get daemonsets.apps', 'get nodes n1', 'get pods', 'list pods', 'patch nodes n1'],
      [],
    ],
    [
      'oc adm drain n1',
      [],
      ['create pods/eviction', 'get daemonsets.apps', 'get nodes n1', 'get pods', 'list pods', 'patch nodes n1'],
      [],
    ],
    ['oc adm top nodes', [], ['list nodes', 'list nodes.metrics.k8s.io'], []],
    ['oc adm cordon n1', [], ['get nodes n1', 'patch nodes n1'], []],
    ['oc rsh -n shop web', ['create pods/exec web', 'get pods web'], [], ['shop']],
    ['oc rsync ./x web:/tmp -n shop', ['create pods/exec web', 'get pods web'], [], ['shop']],
    ['oc project shop', ['get projects.project.openshift.io shop'], [], ['shop']],
    ['oc start-build web -n shop', ['create buildconfigs/instantiate.build.openshift.io web'], [], ['shop']],
    ['Kubectl get pods -n shop', ['list pods'], [], ['shop']],
    ['KUBECTL GET pods -n shop', ['list pods'], [], ['shop']],
    ['kubectl log web -n shop', ['get pods web', 'get pods/log web'], [], ['shop']],
    ['helm ls -n shop', ['list secrets'], [], ['shop']],
    [
      'helm upgrade --install web ./chart -n shop -f values.yaml',
      ['create secrets', 'delete secrets', 'get secrets', 'list secrets', 'update secrets'],
      [],
      ['shop'],
    ],
    ['helm template web ./chart', [], [], []],
    ['stern web -n shop --tail 20', ['get pods/log', 'list pods', 'watch pods'], [], ['shop']],
    ['k9s -n shop', [], [], ['shop']],
    [
      'flux reconcile kustomization apps',
      ['get kustomizations.kustomize.toolkit.fluxcd.io apps', 'patch kustomizations.kustomize.toolkit.fluxcd.io apps'],
      [],
      ['flux-system'],
    ],
    ['flux get hr -n shop', ['list helmreleases.helm.toolkit.fluxcd.io'], [], ['shop']],
    [
      'flux suspend source git app',
      ['get gitrepositories.source.toolkit.fluxcd.io app', 'patch gitrepositories.source.toolkit.fluxcd.io app'],
      [],
      ['flux-system'],
    ],
    ['argocd app sync guestbook', [], [], []],
    ['velero backup create b1', ['create backups.velero.io'], [], ['velero']],
    ['velero get backups', ['get backups.velero.io', 'list backups.velero.io'], [], ['velero']],
  ]
  test.each(table)('%s', (command, rules, clusterRules, namespaces) => {
    const paste = readPaste(command)
    expect(text(paste?.rules)).toEqual(rules)
    expect(text(paste?.clusterRules)).toEqual(clusterRules)
    expect(paste?.namespaces).toEqual(namespaces)
  })

  test('auth reconcile writes roles and bindings, and the kinds of a manifest where one is pasted', () => {
    const written = (kind: string) => ['create', 'get', 'update'].map((verb) => `${verb} ${kind}.${rbac}`)
    const paste = readPaste('kubectl auth reconcile -f rbac.yaml -n shop')
    expect(text(paste?.rules)).toEqual([...written('rolebindings'), ...written('roles')].sort())
    expect(text(paste?.clusterRules)).toEqual([...written('clusterrolebindings'), ...written('clusterroles')].sort())
    const one = readPaste(
      `kubectl auth reconcile -f -\napiVersion: ${rbac}/v1\nkind: Role\nmetadata: {name: r, namespace: shop}`,
    )
    expect(text(one?.rules)).toEqual([`create roles.${rbac}`, `get roles.${rbac} r`, `update roles.${rbac} r`])
    expect(one?.clusterRules).toEqual([])
  })

  test.each([
    ['kubectl proxy', 'passes-on'],
    ['k9s', 'other-program'],
    ['argocd app sync guestbook', 'argo-cd'],
    ['helm upgrade web ./chart', 'chart-objects'],
    ['helm ls -A', 'all-namespaces'],
    ['stern -A web', 'all-namespaces'],
    ['velero install', 'other-program'],
    ['flux bootstrap github', 'other-program'],
    ['flux get <kind>', 'unknown-type'],
    ['helm status web -n <ns>', 'unknown-namespace'],
    ['kubectl argo rollouts promote web', 'unknown-command'],
    ['oc adm must-gather', 'unknown-command'],
    ['kubectl auth can-i get /metrics', 'non-resource-path'],
    ['kubectl get --raw /healthz', 'raw'],
  ])('%s has the honest note %s', (command, code) => {
    expect(readPaste(command)?.notes.map((note) => note.code)).toContain(code)
  })

  test.each(['helm', 'flux capacitor', 'argocd', 'velero', 'stern', 'the helm chart', 'restart flux', 'kubens'])(
    'the words “%s” are a search and no command',
    (words) => {
      expect(readPaste(words)).toBeNull()
    },
  )
})
