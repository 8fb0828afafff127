import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Rule, rulesSchema } from '#lib/core/access/rule'
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
const restart = [rule('apps', ['deployments'], ['get', 'patch'], ['api'])]

describe('one command, however it is written', () => {
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
  ])('%s', (text) => {
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
  ])('no kubectl: %s', (text) => {
    expect(parseKubectl(text)).toBeNull()
  })
})

describe('what it says besides', () => {
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
  ])('%s is in namespace %s', (text, namespace) => {
    expect(parseKubectl(text)?.namespace).toBe(namespace)
  })

  test('the context and all namespaces', () => {
    expect(parseKubectl('kubectl get pods -A --context=prod-eu')).toMatchObject({
      context: 'prod-eu',
      allNamespaces: true,
      rules: [rule('', ['pods'], ['list'])],
      notes: [{ code: 'all-namespaces' }],
    })
  })

  test('what is in no namespace stands apart', () => {
    expect(parseKubectl('kubectl get nodes,pods')).toMatchObject({
      rules: [rule('', ['pods'], ['list'])],
      clusterRules: [rule('', ['nodes'], ['list'])],
      notes: [{ code: 'cluster-scope' }],
    })
    expect(parseKubectl('kubectl drain n1')?.rules).toEqual([])
  })

  test('several commands are one request', () => {
    const text = 'kubectl get pod web -n p\nkubectl rollout restart deploy/api -n q'
    expect(parseKubectl(text)).toMatchObject({
      rules: [...getWeb, ...restart],
      notes: [{ code: 'several-namespaces' }],
    })
  })
})

describe('translations that need no cluster to be seen', () => {
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
    ['kubectl get pods $(kubectl get pods -o name | head -1)', [rule('', ['pods'], ['get', 'list'])]],
  ]
  test.each(table)('%s', (text, rules) => {
    expect(rulesOf(text)).toEqual(rules)
  })

  test('a pasted manifest: documents, lists, here-documents', () => {
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

describe('what cannot be known is said', () => {
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
  ])('%s: %s', (text, code) => {
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

  test('long repetitions cost no more than their length', { timeout: 60_000 }, () => {
    const costOf = (text: string) => {
      const before = process.cpuUsage()
      parseKubectl(text)
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1000
    }
    costOf('kubectl get pods')
    for (const before of ['kubectl get pods ', 'kubectl apply -f x.yaml\napiVersion: v1\n', '']) {
      pieces.forEach((a, n) => {
        for (const b of ['', pieces[(n + 1) % pieces.length] ?? '']) {
          const text = before + `${a}${b}`.repeat(Math.ceil(70_000 / (a.length + b.length)))
          expect(costOf(text), JSON.stringify(before + a + b)).toBeLessThan(1000)
        }
      })
    }
  })

  test('nothing makes it throw, and what comes out are rules', { timeout: 60_000 }, () => {
    const lines = kubectlCases.map(({ line, input = '' }) => `${line}\n${input}\n`)
    const part = fc.oneof(
      fc.constantFrom(...pieces),
      fc.constantFrom(...lines),
      fc.string({ unit: 'binary', maxLength: 20 }),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const reading = parseKubectl(`kubectl ${parts.join('')}`)
        for (const rules of [reading?.rules ?? [], reading?.clusterRules ?? []])
          if (rules.length > 0) for (const one of rules) rulesSchema.parse([one])
      }),
      { numRuns: 500 },
    )
  })

  test('a bomb of aliases, or of depth, is no manifest', () => {
    const bomb = `apiVersion: v1\na: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n`
    expect(codesOf(`kubectl apply -f x\n${bomb}`)).toEqual(['no-manifest'])
    expect(codesOf(`kubectl apply -f x\n${'{"a":'.repeat(5000)}`)).toEqual(['no-manifest'])
    expect(codesOf(`kubectl apply -f x\napiVersion: v1\na:\n${'- '.repeat(5000)}`)).toEqual(['no-manifest'])
  })
})
