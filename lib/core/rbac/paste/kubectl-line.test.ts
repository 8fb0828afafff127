import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Rule, rulesSchema } from '#lib/core/access/rule'
import { anyText } from '#testing/any-text'
import { growthOf } from '#testing/steps'
import { kubectlCases } from './kubectl-cases.testing.ts'
import { parseKubectl } from './kubectl-line.ts'

const rule = (group: string, resources: string[], verbs: string[], resourceNames?: string[]): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
  ...(resourceNames ? { resourceNames } : {}),
})
const rulesOf = (text: string) => parseKubectl(text)?.rules
const codesOf = (text: string) => parseKubectl(text)?.notes.map(({ code }) => code)

const getWeb = [rule('', ['pods'], ['get'], ['web'])]
const scaleApi = [
  rule('apps', ['deployments'], ['get'], ['api']),
  rule('apps', ['deployments/scale'], ['patch'], ['api']),
]
const autoscaleApi = [
  rule('apps', ['deployments'], ['get'], ['api']),
  rule('autoscaling', ['horizontalpodautoscalers'], ['create']),
]
const restart = [rule('apps', ['deployments'], ['get', 'patch'], ['api'])]

describe('one command in many forms', () => {
  test.each([
    'kubectl get pod web',
    'k get po web',
    'kubectl get pods/web',
    'kubectl get Pod web',
    'kubectl   get\tpods "web"',
    "/usr/local/bin/kubectl get po 'web' -o yaml",
    'kubectl -n p get pods web --context prod --show-labels',
    'kubectl --v=6 get -o=json pods web',
    'kubectl get -ojson pods web',
    'kubectl -o yaml get pods web',
    'kubectl get pods --watch=false web',
    '$ kubectl get pods web',
    '# kubectl get pods web',
    'mina@laptop:~$ kubectl get pods web',
    '❯ k get pods web',
    'sudo -u root kubectl get pods web',
    'KUBECONFIG=/tmp/x TERM=dumb kubectl get pods web',
    'env A=b kubectl get pods web',
    'watch -n 2 kubectl get pods web',
    'k3s kubectl get pods web',
    'kubectl get pods web | grep -v x',
    'kubectl get pods web > /tmp/web.txt 2>&1',
    'kubectl get pods web # is it there?',
    'kubectl get \\\n  pods \\\n  web',
    'echo hello && kubectl get pods web; ls',
    'kubectl get pods web\r\n',
    "I can't do this:\nkubectl get pods web",
    'please run kubectl get pods web',
    'it says no when I run `kubectl get pods web` in prod',
  ])('needs get on the pod: %s', (text) => {
    expect(rulesOf(text)).toEqual(getWeb)
  })

  test.each([
    '',
    'get pods',
    'helm ls',
    'rm -rf /',
    'restart the kubectl thing',
    'Error from server (Forbidden)',
    'mykubectl get pods',
  ])('is not found in other text: %s', (text) => {
    expect(parseKubectl(text)).toBeNull()
  })
})

describe('the place that a command names', () => {
  test.each([
    ['kubectl get pods -n p', 'p'],
    ['kubectl get pods -np', 'p'],
    ['kubectl get pods -n=p', 'p'],
    ['kubectl get pods --namespace p', 'p'],
    ['kubectl get pods --namespace=p', 'p'],
    ['kubectl -n p get pods', 'p'],
    ['kubectl get pods', null],
    ['kubectl get pods -n "P q"', null],
    ['kubectl exec web -n p -- kubectl -n q get pods', 'p'],
    ['kubectl cp p/web:/a /b', 'p'],
    ['kubectl apply -f x.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: p}', 'p'],
  ])('%s runs in namespace %s', (text, namespace) => {
    expect(parseKubectl(text)?.namespace).toBe(namespace)
  })

  test('may be a context and all namespaces', () => {
    expect(parseKubectl('kubectl get pods -A --context=prod-eu')).toMatchObject({
      context: 'prod-eu',
      allNamespaces: true,
      rules: [rule('', ['pods'], ['list'])],
      notes: [{ code: 'all-namespaces' }],
    })
  })

  test('separates objects outside namespaces from those in one', () => {
    expect(parseKubectl('kubectl get nodes,pods')).toMatchObject({
      rules: [rule('', ['pods'], ['list'])],
      clusterRules: [rule('', ['nodes'], ['list'])],
      notes: [{ code: 'cluster-scope' }],
    })
    expect(parseKubectl('kubectl drain n1')?.rules).toEqual([])
  })

  test('may differ between commands, which become one set of rules', () => {
    const text = 'kubectl get pod web -n p\nkubectl rollout restart deploy/api -n q'
    expect(parseKubectl(text)).toMatchObject({
      rules: [...getWeb, ...restart],
      notes: [{ code: 'several-namespaces' }],
    })
  })
})

describe('the rules of a command', () => {
  const table: [string, Rule[]][] = [
    ['kubectl rollout restart deployment/api', restart],
    ['kubectl rollout restart deployment api', restart],
    ['kubectl get po a b', [rule('', ['pods'], ['get'], ['a', 'b'])]],
    [
      'kubectl get deploy/a svc/a',
      [rule('', ['services'], ['get'], ['a']), rule('apps', ['deployments'], ['get'], ['a'])],
    ],
    ['kubectl logs -f web -c app --since 5m', [rule('', ['pods', 'pods/log'], ['get'], ['web'])]],
    [
      'kubectl exec -it web -c app -- sh -c "kubectl delete pods"',
      [rule('', ['pods'], ['get'], ['web']), rule('', ['pods/exec'], ['create'], ['web'])],
    ],
    [
      'kubectl exec -itn p web bash',
      [rule('', ['pods'], ['get'], ['web']), rule('', ['pods/exec'], ['create'], ['web'])],
    ],
    [
      'kubectl cp /tmp/a web:/tmp/a -c app',
      [rule('', ['pods'], ['get'], ['web']), rule('', ['pods/exec'], ['create'], ['web'])],
    ],
    ['kubectl auth can-i delete pods/web', [rule('', ['pods'], ['delete'], ['web'])]],
    ['kubectl auth can-i create deploy --subresource=scale', [rule('apps', ['deployments/scale'], ['create'])]],
    ['kubectl auth can-i --list', []],
    ['kubectl top pods', [rule('metrics.k8s.io', ['pods'], ['list'])]],
    [
      'kubectl debug -it web --image=busybox',
      [
        rule('', ['pods'], ['get', 'watch'], ['web']),
        rule('', ['pods/attach'], ['create'], ['web']),
        rule('', ['pods/ephemeralcontainers'], ['patch'], ['web']),
      ],
    ],
    ['kubectl edit ing/web', [rule('networking.k8s.io', ['ingresses'], ['get', 'patch'], ['web'])]],
    ['kubectl get widgets.example.com a', [rule('example.com', ['widgets'], ['get'], ['a'])]],
    ['kubectl explain pods', []],
    ['kubectl run web --image=x -l app=y', [rule('', ['pods'], ['create'])]],
    ['kubectl scale deploy api --dry-run --replicas 2', scaleApi],
    ['kubectl autoscale deploy --cpu-percent 80 api', autoscaleApi],
    ['kubectl get pods $(kubectl get pods -o name | head -1)', [rule('', ['pods'], ['get', 'list'])]],
  ]
  test.each(table)('%s needs exactly its permissions', (text, rules) => {
    expect(rulesOf(text)).toEqual(rules)
  })

  test('cover every document, list and here-document of a pasted manifest', () => {
    const yaml =
      'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n'
    const rules = [
      rule('', ['configmaps'], ['create']),
      rule('', ['configmaps'], ['get', 'patch'], ['a']),
      rule('apps', ['deployments'], ['create']),
      rule('apps', ['deployments'], ['get', 'patch'], ['api']),
    ]
    expect(rulesOf(`kubectl apply -f deploy.yaml\n${yaml}`)).toEqual(rules)
    expect(rulesOf(`cat <<EOF | kubectl apply -f -\n${yaml}EOF\n`)).toEqual(rules)
    expect(rulesOf(`kubectl apply -n p -f - <<'EOF'\n${yaml}EOF\nkubectl get pod web`)).toEqual(
      expect.arrayContaining([...rules, ...getWeb]),
    )
  })
})

describe('a note', () => {
  test.each([
    ['kubectl apply -f deploy.yaml', 'no-manifest'],
    ['kubectl apply -k overlays/prod', 'no-manifest'],
    ['kubectl get frobs', 'unknown-type'],
    ['kubectl get frobs.example.com', 'assumed-type'],
    ['kubectl frob', 'unknown-command'],
    ['kubectl', 'unknown-command'],
    ['kubectl get', 'incomplete'],
    ['kubectl exec', 'incomplete'],
    ['kubectl get pods $POD', 'unknown-name'],
    ['kubectl get --raw /metrics', 'raw'],
    ['kubectl auth can-i get /metrics', 'non-resource-path'],
    ['kubectl get pods --as=root', 'impersonation'],
    ['kubectl constructor', 'unknown-command'],
    ['kubectl create __proto__ x', 'unknown-command'],
  ])('to %s is %s', (text, code) => {
    expect(codesOf(text)).toContain(code)
  })
})

describe('hostile text', () => {
  const pieces = [
    'kubectl ',
    'get pods ',
    'sudo ',
    '-',
    '--',
    '--x=',
    "'",
    '"',
    '\\',
    '$(',
    '`',
    '\n',
    '<<EOF\n',
    '<<EOF',
    ' ',
    '/',
    '|',
    'A=b ',
    'apiVersion: v1\nkind: Pod\n',
    '---\n',
    '- ',
    '[',
    '{',
    '&a ',
    '*a ',
    ': ',
    ',',
  ]

  test.each(['kubectl get pods ', 'kubectl apply -f x.yaml\napiVersion: v1\n', ''])(
    'costs no more than its length behind %j',
    (before) => {
      pieces.forEach((a, n) => {
        for (const b of ['', pieces[(n + 1) % pieces.length] ?? '']) {
          const reading = (length: number) => {
            const text = before + `${a}${b}`.repeat(Math.ceil(length / (a.length + b.length)))
            return () => parseKubectl(text)
          }
          expect(growthOf(4_000, reading), JSON.stringify(before + a + b)).toBeLessThan(5)
        }
      })
    },
  )

  test('never throws, and yields only valid rules', () => {
    const lines = kubectlCases.map(({ line, input = '' }) => `${line}\n${input}\n`)
    const part = fc.oneof(fc.constantFrom(...pieces), fc.constantFrom(...lines), anyText(20))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const reading = parseKubectl(`kubectl ${parts.join('')}`)
        for (const rules of [reading?.rules ?? [], reading?.clusterRules ?? []])
          if (rules.length > 0) for (const one of rules) rulesSchema.parse([one])
      }),
      { numRuns: 500 },
    )
  })

  test('is not read as a manifest where aliases or depth make it a bomb', () => {
    const bomb = `apiVersion: v1\na: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n`
    expect(codesOf(`kubectl apply -f x\n${bomb}`)).toEqual(['no-manifest'])
    expect(codesOf(`kubectl apply -f x\n${'{"a":'.repeat(5000)}`)).toEqual(['no-manifest'])
    expect(codesOf(`kubectl apply -f x\napiVersion: v1\na:\n${'- '.repeat(5000)}`)).toEqual(['no-manifest'])
  })
})
