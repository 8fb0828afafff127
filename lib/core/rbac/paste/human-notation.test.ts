import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { readPaste } from './paste.ts'

const rule = (group: string, resources: string[], verbs: string[], resourceNames?: string[]): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
  ...(resourceNames ? { resourceNames } : {}),
})
const codesOf = (text: string) => readPaste(text)?.notes.map(({ code }) => code) ?? []

describe('a placeholder is neither a name nor all objects', () => {
  const table: [string, Rule[], string[]][] = [
    [
      'kubectl rollout restart deployment <name> -n payments',
      [rule('apps', ['deployments'], ['get', 'patch'])],
      ['payments'],
    ],
    ['kubectl delete pod -n <namespace> web-0', [rule('', ['pods'], ['delete'], ['web-0'])], []],
    ['kubectl get secret -n <namespace> db -o yaml', [rule('', ['secrets'], ['get'], ['db'])], []],
    [
      'kubectl -n rook-ceph exec -it <pod> -- bash',
      [rule('', ['pods'], ['get']), rule('', ['pods/exec'], ['create'])],
      ['rook-ceph'],
    ],
    ['kubectl get pods –n kube-system', [rule('', ['pods'], ['list'])], ['kube-system']],
    ['kubectl top pod $POD', [rule('metrics.k8s.io', ['pods'], ['get'])], []],
    ['kubectl delete pod ...', [rule('', ['pods'], ['delete'])], []],
    ['kubectl delete pod', [rule('', ['pods'], ['delete'])], []],
    ['kubectl get pods ...', [rule('', ['pods'], ['get', 'list'])], []],
    ['kubectl logs [-f] <pod> [flags]', [rule('', ['pods', 'pods/log'], ['get'])], []],
    ['kubectl get pods <1>', [rule('', ['pods'], ['list'])], []],
    [
      'kubectl describe <pod|deployment>/<name>',
      [rule('', ['pods'], ['get']), rule('apps', ['deployments'], ['get'])],
      [],
    ],
    ['kubectl cp <ns>/<pod>:/tmp/x .', [rule('', ['pods'], ['get']), rule('', ['pods/exec'], ['create'])], []],
    ['kubectl apply -f – –n shop', [], ['shop']],
    [
      'kubectl exec web — bash',
      [rule('', ['pods'], ['get'], ['web']), rule('', ['pods/exec'], ['create'], ['web'])],
      [],
    ],
    ['kubectl get pods —all-namespaces', [rule('', ['pods'], ['list'])], []],
    [
      'kubectl rollout restart deployment/web -namespace=shop',
      [rule('apps', ['deployments'], ['get', 'patch'], ['web'])],
      ['shop'],
    ],
  ]
  test.each(table)('%s', (text, rules, namespaces) => {
    expect(readPaste(text)).toMatchObject({ rules, namespaces })
  })

  test.each([
    [
      'kubectl exec -i db -- psql <dump.sql >out.txt',
      [rule('', ['pods'], ['get'], ['db']), rule('', ['pods/exec'], ['create'], ['db'])],
    ],
    ['kubectl get pod web > /tmp/web.txt 2>&1 </dev/null', [rule('', ['pods'], ['get'], ['web'])]],
    ['kubectl get pod web-{0,1}', [rule('', ['pods'], ['get'], ['web-0', 'web-1'])]],
  ])('and a redirection or an expansion of the shell is no placeholder: %s', (text, rules) => {
    expect(readPaste(text)).toMatchObject({ rules, notes: [] })
  })

  test.each([
    ['kubectl get <resource> -n shop', 'unknown-type'],
    ['kubectl <command> pods', 'unknown-command'],
    ['kubectl auth can-i <verb> pods', 'unknown-verb'],
    ['kubectl get RESOURCE', 'unknown-type'],
    ['kubectl delete pod my-pod', 'maybe-placeholder'],
  ])('and what it leaves open is said: %s has the note %s', (text, code) => {
    expect(codesOf(text)).toContain(code)
  })
})

/** Every way in which people and templates write an open name. */
const styles: ((word: string) => string)[] = [
  (word) => `<${word}>`,
  (word) => `<${word}-name>`,
  (word) => `<the ${word} name>`,
  (word) => `<<${word}>>`,
  (word) => `< ${word} >`,
  (word) => `<your-${word}>`,
  (word) => `<${word.toUpperCase()}_NAME>`,
  (word) => `&lt;${word}&gt;`,
  (word) => `\\<${word}\\>`,
  (word) => `"<${word}>"`,
  (word) => `'<${word}>'`,
  (word) => `‹${word}›`,
  (word) => `_<${word}>_`,
  (word) => `{${word}}`,
  (word) => `{${word}_name}`,
  (word) => `"{${word}}"`,
  (word) => `{{${word}}}`,
  (word) => `{{ ${word} }}`,
  (word) => `{{ .Values.${word} }}`,
  (word) => `'{{ inputs.${word} }}'`,
  (word) => `\${{ inputs.${word} }}`,
  (word) => `#{${word}}`,
  (word) => `{% ${word} %}`,
  (word) => `[${word}]`,
  (word) => `[${word.toUpperCase()}]`,
  (word) => `[your ${word}]`,
  (word) => `$${word.toUpperCase()}`,
  (word) => `"$${word.toUpperCase()}"`,
  (word) => `\${${word.toUpperCase()}}`,
  (word) => `"\${${word}_name}"`,
  (word) => `\${${word.toUpperCase()}:-web}`,
  (word) => `$(${word.toUpperCase()})`,
  (word) => `$env:${word}`,
  () => '$1',
  (word) => `%${word.toUpperCase()}%`,
  (word) => `@${word.toUpperCase()}@`,
  (word) => `__${word.toUpperCase()}__`,
  (word) => `${word.toUpperCase()}_NAME`,
  (word) => `${word.toUpperCase()}-NAME`,
  (word) => `YOUR_${word.toUpperCase()}`,
  (word) => `your-${word}`,
  (word) => `your-${word}-name`,
  (word) => `${word}-name`,
  (word) => `my-${word}-name`,
  () => 'NAME',
  () => '...',
  () => '…',
  () => '*****',
  () => 'xxx',
  () => 'web-xxxxx-yyyyy',
  () => 'XXXXXXXX',
  (word) => `web-<${word}-hash>`,
  (word) => `web-$${word.toUpperCase()}`,
  () => 'web-*',
]

/** Commands with N for a name and S for a namespace. */
const commands = [
  'kubectl get pod N -n S',
  'kubectl -n S get pods N -o yaml',
  'kubectl describe deployment N --namespace=S',
  'kubectl delete pod N --namespace S --grace-period=0',
  'kubectl logs -f N -c app -n S --tail 20',
  'kubectl exec -it N -n S -- sh -c "ls"',
  'kubectl port-forward N 8080:80 -n S',
  'kubectl rollout restart deploy/N -n S',
  'kubectl rollout undo deployment N --to-revision=2 -n S',
  'kubectl scale deploy N --replicas=3 -nS',
  'kubectl set image deployment/N app=nginx:1 -n S',
  `kubectl patch svc N -p '{"spec":{"type":"NodePort"}}' -n S`,
  'kubectl edit cm N -n S',
  'kubectl label pod N a=b -n S',
  'kubectl annotate ing/N a- -n S',
  'kubectl debug -it N --image=busybox -n S',
  'kubectl top pod N -n S',
  'kubectl get secret N -n S -o jsonpath={.data.password} | base64 -d',
  'kubectl wait pod/N --for=condition=Ready -n S',
  'kubectl get certificates.cert-manager.io N -n S',
  'kubectl create token N -n S',
  'oc rsh -n S N',
]

const withoutNames = ({ resourceNames: _, ...rest }: Rule): Rule => rest
const rulesWithout = (text: string, name: string) =>
  (readPaste(text)?.rules ?? []).map((one) => (one.resourceNames?.includes(name) ? withoutNames(one) : one))

test('every style of placeholder in every command leaves the name and the namespace open', () => {
  const style = fc.constantFrom(...styles)
  fc.assert(
    fc.property(fc.constantFrom(...commands), style, style, (command, forName, forNamespace) => {
      const name = forName('pod')
      const namespace = forNamespace('namespace')
      // A shell completes `web-*` among files and `...` is no word of a flag; as a value of -n neither is written.
      const isWritten = !/\*|^(?:\.{3}|…)$/.test(namespace)
      const open = command.replace('N', () => name).replace('S', () => (isWritten ? namespace : '<ns>'))
      const real = command.replace('N', 'q7-real').replace('S', 'q7-space')
      const paste = readPaste(open)
      const names = new Set(paste?.rules.flatMap((one) => one.resourceNames ?? []))
      expect([...names], open).toEqual([])
      expect(paste?.namespaces, open).toEqual([])
      const isElided = /^(?:\.{3}|…)$/.test(name) && /get|describe/.test(command)
      if (!isElided) expect(paste?.rules, open).toEqual(rulesWithout(real, 'q7-real'))
      expect(codesOf(open), open).toEqual(expect.arrayContaining(['unknown-name', 'unknown-namespace']))
    }),
    { numRuns: 1500 },
  )
})

test('a real name beside a placeholder for the namespace stays, and the other way round', () => {
  fc.assert(
    fc.property(fc.constantFrom(...commands), fc.constantFrom(...styles), (command, style) => {
      const word = style('thing')
      if (!/\*|^(?:\.{3}|…)$/.test(word)) {
        const open = command.replace('N', 'q7-real').replace('S', () => word)
        expect(readPaste(open)?.rules, open).toEqual(
          readPaste(command.replace('N', 'q7-real').replace('S', 'q7'))?.rules,
        )
      }
      const named = command.replace('N', () => word).replace('S', 'q7-space')
      expect(readPaste(named)?.namespaces, named).toEqual(['q7-space'])
    }),
    { numRuns: 600 },
  )
})

test('typographic dashes are dashes in every command', () => {
  fc.assert(
    fc.property(fc.constantFrom(...commands), fc.constantFrom('–', '—', '−', '‑'), (command, dash) => {
      const real = command.replace('N', 'q7-real').replace('S', 'q7-space')
      // A long dash is what an editor makes of two.
      const text = real.replace(/ --(?=\w)/g, dash === '—' ? ' —' : ` ${dash}${dash}`).replace(/ -(?=\w)/g, ` ${dash}`)
      expect({ ...readPaste(text), notes: [] }, text).toEqual({ ...readPaste(real), notes: [] })
    }),
    { numRuns: 300 },
  )
})
