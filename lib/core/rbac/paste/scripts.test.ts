import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { covers } from '#lib/core/rbac/covers'
import { readPaste } from './paste.ts'

const rule = (group: string, resources: string[], verbs: string[], resourceNames?: string[]): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
  ...(resourceNames ? { resourceNames } : {}),
})
const listAndDelete = [rule('', ['pods'], ['delete', 'list'])]
const applySecret = [rule('', ['secrets'], ['create']), rule('', ['secrets'], ['get', 'patch'], ['db'])]
const restartBoth = [rule('apps', ['deployments'], ['get', 'patch'], ['api', 'web'])]

describe('every command of a script counts', () => {
  const table: [string, Rule[], string[]][] = [
    ['for p in $(kubectl get pods -n shop -o name); do kubectl delete -n shop $p; done', listAndDelete, ['shop']],
    ['kubectl get pods -n shop -o name | xargs kubectl delete -n shop', listAndDelete, ['shop']],
    ['kubectl get pods -n shop -o name | xargs -r -n1 -I{} kubectl delete -n shop {}', listAndDelete, ['shop']],
    ["kubectl get pods -n shop | awk '{print $1}' | xargs kubectl delete pod -n shop", listAndDelete, ['shop']],
    ['kubectl get pods -n shop -o name | while read p; do kubectl delete -n shop "$p"; done', listAndDelete, ['shop']],
    ['PODS=`kubectl get pods -n shop -o name`\nkubectl delete -n shop $PODS', listAndDelete, ['shop']],
    ['kubectl delete -n shop $(kubectl get pods -n shop -o name | grep web)', listAndDelete, ['shop']],
    [
      'if kubectl get deploy web; then kubectl rollout restart deploy web; fi',
      [rule('apps', ['deployments'], ['get', 'patch'], ['web'])],
      [],
    ],
    ['kubectl create secret generic db … --dry-run=client -o yaml | kubectl apply -f -', applySecret, []],
    [
      'kubectl create secret generic db --from-literal=a=b --dry-run client -o yaml \\\n  | kubectl apply -f -',
      applySecret,
      [],
    ],
    ['kubectl create secret generic db --dry-run=client -o yaml | sed s/a/b/ | kubectl apply -f -', applySecret, []],
    ['kubectl get cm a -o yaml | kubectl replace -f -', [rule('', ['configmaps'], ['get', 'update'], ['a'])], []],
    ['kubectl run x --image=y --dry-run=client -o yaml', [], []],
    ['NS=shop\nfor d in web api; do\n  kubectl rollout restart deploy/$d -n "$NS"\ndone', restartBoth, ['shop']],
    ['for d in web api\ndo kubectl rollout restart deploy/$d -n shop\ndone', restartBoth, ['shop']],
    ['kubectl rollout restart deploy/{web,api} -n shop', restartBoth, ['shop']],
    ['$ns = "shop"\nkubectl rollout restart deploy web api -n $ns', restartBoth, ['shop']],
    ['for ns in a b; do kubectl get pods -n $ns; done', [rule('', ['pods'], ['list'])], ['a', 'b']],
    [
      'kubectl config set-context --current --namespace=shop\nkubectl get pods',
      [rule('', ['pods'], ['list'])],
      ['shop'],
    ],
    [
      'oc project shop && oc get pods',
      [rule('', ['pods'], ['list']), rule('project.openshift.io', ['projects'], ['get'], ['shop'])],
      ['shop'],
    ],
    ['echo \'{"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"}}\' | kubectl apply -f -', applySecret, []],
    [
      'cat <<EOF > s.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nEOF\nkubectl apply -f s.yaml',
      applySecret,
      [],
    ],
    ['kubectl apply -f - <<< "apiVersion: v1\nkind: Secret\nmetadata: {name: db}"', applySecret, []],
    [
      "kubectl apply -f - <<A\napiVersion: v1\nkind: Secret\nmetadata: {name: db}\nA\nkubectl apply -f - <<'B'\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nB",
      [
        rule('', ['configmaps', 'secrets'], ['create']),
        rule('', ['configmaps'], ['get', 'patch'], ['c']),
        rule('', ['secrets'], ['get', 'patch'], ['db']),
      ],
      [],
    ],
    [
      'kubectl apply -f x.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n\n$ kubectl get pods',
      [...applySecret, rule('', ['pods'], ['list'])],
      [],
    ],
  ]
  test.each(table)('%s', (text, rules, namespaces) => {
    const paste = readPaste(text)
    expect(paste?.namespaces).toEqual(namespaces)
    expect(covers(paste?.rules ?? [], rules).uncovered, 'missing').toEqual([])
    expect(covers(rules, paste?.rules ?? []).uncovered, 'too much').toEqual([])
  })

  test('a command that was copied without its next lines keeps its last word', () => {
    for (const end of [' \\', ' \\\n', '\\', ' \\  \n\n']) {
      const paste = readPaste(`kubectl get deployment web-0 -n shop${end}`)
      expect(paste?.rules).toEqual([rule('apps', ['deployments'], ['get'], ['web-0'])])
      expect(paste?.namespaces).toEqual(['shop'])
      expect(readPaste(`kubectl delete pod -n shop web-0${end}`)?.rules).toEqual([
        rule('', ['pods'], ['delete'], ['web-0']),
      ])
    }
  })

  test('a list of Python’s texts is a command', () => {
    const list = "Error executing ['kubectl', 'exec', '-t', '-n=shop', u'web-0', '--', 'bash']"
    expect(readPaste(list)?.rules).toEqual([
      rule('', ['pods'], ['get'], ['web-0']),
      rule('', ['pods/exec'], ['create'], ['web-0']),
    ])
  })

  test('a text with more commands than are read says so', () => {
    const text = Array.from({ length: 100 }, (_, n) => `kubectl get pod web-${n}`).join('\n')
    expect(readPaste(text)?.notes.map(({ code }) => code)).toContain('cut')
  })

  test('a command in a sentence beside typed ones is mentioned, not read and not dropped', () => {
    const paste = readPaste('$ kubectl get pods -n shop\nthen you could try kubectl delete pod web -n shop maybe')
    expect(paste?.rules).toEqual([rule('', ['pods'], ['list'])])
    expect(paste?.notes).toMatchObject([
      { code: 'mentioned', sentence: expect.stringContaining('kubectl delete pod web') },
    ])
  })
})

/** Commands that differ in their kinds, so that each can be recognized in the rules. */
const commands = [
  'kubectl get pod q7-pod -n shop',
  'kubectl rollout restart deploy/q7-web -n shop',
  'kubectl delete cm q7-config -n shop',
  'kubectl scale statefulset q7-db --replicas=0 -n shop',
  'kubectl exec q7-pod -n shop -- rm -rf /tmp/x',
  'kubectl create secret generic q7 --from-literal=a=b -n shop',
  'kubectl logs q7-pod -n shop --tail=5',
  'kubectl get ingress,svc -n shop',
  'kubectl annotate pvc q7-data a=b -n shop',
]

/** How scripts and people put commands together. None of these forms changes a command. */
const forms: [string, (commands: string[]) => string][] = [
  ['lines', (all) => all.join('\n')],
  ['Windows lines', (all) => all.join('\r\n')],
  ['semicolons', (all) => all.join('; ')],
  ['and', (all) => all.join(' && ')],
  ['or', (all) => all.join(' || ')],
  ['background', (all) => all.join(' & ')],
  ['comments', (all) => all.map((one) => `# first this\n${one} # see the runbook`).join('\n')],
  ['prompts', (all) => all.map((one) => `$ ${one}\nsome output\n`).join('')],
  ['a prompt with a path', (all) => all.map((one) => `jane@laptop:~/src$ ${one}`).join('\n')],
  ['a prompt in brackets', (all) => all.map((one) => `[root@bastion ~]# ${one}`).join('\n')],
  ['PowerShell', (all) => all.map((one) => `PS C:\\Users\\jane> ${one}`).join('\n')],
  ['a virtual environment', (all) => all.map((one) => `(venv) ➜  ~ ${one}`).join('\n')],
  ['a list', (all) => all.map((one, n) => `${n + 1}. ${one}`).join('\n')],
  ['bullets', (all) => all.map((one) => `- ${one}`).join('\n')],
  ['bullets with code', (all) => all.map((one) => `* Run \`${one}\`.`).join('\n')],
  ['a fence', (all) => `Do this:\n\`\`\`bash\n${all.join('\n')}\n\`\`\`\nand wait.`],
  ['a quote', (all) => all.map((one) => `> ${one}`).join('\n')],
  ['a table', (all) => all.map((one) => `| ${one} | does it |`).join('\n')],
  ['history', (all) => all.map((one, n) => `  ${500 + n}  ${one}`).join('\n')],
  ['continuation', (all) => all.map((one) => one.replace(/ -n shop/, ' \\\n    -n shop')).join('\n')],
  ['pipes', (all) => all.map((one) => `${one} | tee /tmp/log`).join('\n')],
  ['redirections', (all) => all.map((one) => `${one} >/tmp/out 2>&1`).join('\n')],
  ['if', (all) => `if ${all[0]}; then\n  ${all.slice(1).join('\n  ') || 'true'}\nelse\n  echo no\nfi`],
  ['unless', (all) => `if ! ${all[0]}; then ${all.slice(1).join('; ') || 'true'}; fi`],
  ['while', (all) => `while true; do ${all.join('; ')}; sleep 5; done`],
  ['until', (all) => `until ${all[0]}\ndo\n${all.slice(1).join('\n') || ':'}\ndone`],
  ['a loop', (all) => `for i in 1 2 3; do ${all.join('; ')}; done`],
  ['case', (all) => `case $1 in\n${all.map((one, n) => `  ${n})\n    ${one}\n    ;;`).join('\n')}\nesac`],
  ['a function', (all) => `restart() {\n  ${all.join('\n  ')}\n}\nrestart`],
  ['a group', (all) => `{ ${all.join('; ')}; } > /dev/null`],
  ['a subshell', (all) => `(${all.join('; ')})`],
  ['sudo', (all) => all.map((one) => `sudo -E ${one}`).join('\n')],
  ['a variable in front', (all) => all.map((one) => `KUBECONFIG=~/.kube/prod ${one}`).join('\n')],
  ['timeout', (all) => all.map((one) => `timeout 30 ${one}`).join('\n')],
  ['watch', (all) => all.map((one) => `watch -n 2 '${one}'`).join('\n')],
  ['sh -c', (all) => `sh -c '${all.join('; ')}'`],
  ['bash -c', (all) => all.map((one) => `bash -c "${one}"`).join('\n')],
  ['ssh', (all) => all.map((one) => `ssh bastion '${one}'`).join('\n')],
  ['ssh without quotes', (all) => all.map((one) => `ssh bastion ${one}`).join('\n')],
  ['substitution', (all) => all.map((one) => `OUT=$(${one})`).join('\n')],
  ['backquotes', (all) => all.map((one, n) => `x${n}=\`${one}\``).join('\n')],
  ['inside a text', (all) => all.map((one) => `echo "result: $(${one})"`).join('\n')],
  ['YAML', (all) => `steps:\n${all.map((one) => `  - run: ${one}`).join('\n')}`],
  ['make', (all) => `restart:\n${all.map((one) => `\t@${one}`).join('\n')}`],
  ['apostrophes', (all) => `I can't do this:\n${all.join("\nand it's urgent\n")}`],
  ['an open quote', (all) => `error: "unexpected\n${all.join('\n')}`],
  ['a terminal session', (all) => all.map((one) => `$ ${one}\nError: couldn't (yet) "find" it\n`).join('')],
  ['lost line ends', (all) => all.join(' ')],
  ['lost line ends with prompts', (all) => all.map((one) => `$ ${one}`).join(' ')],
]

const some = fc.subarray(commands, { minLength: 1, maxLength: 4 })

test.each(forms)('commands in %s need what they need one by one', (_, form) => {
  fc.assert(
    fc.property(some, (chosen) => {
      // A command behind `exec -- …` on one line belongs to the container.
      const isJoined = /lost/.test(_)
      const usable = isJoined ? chosen.filter((one) => !one.includes(' -- ')) : chosen
      fc.pre(usable.length > 0)
      const text = form([...usable])
      const apart = usable.flatMap((one) => readPaste(one)?.rules ?? [])
      const paste = readPaste(text)
      expect(covers(paste?.rules ?? [], apart).uncovered, `missing in ${text}`).toEqual([])
      expect(covers(apart, paste?.rules ?? []).uncovered, `too much in ${text}`).toEqual([])
      expect(paste?.namespaces, text).toEqual(['shop'])
    }),
    { numRuns: 40 },
  )
})
