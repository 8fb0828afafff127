import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Paste, readPaste } from './paste.ts'

type Sentence = { verb: string; resource: string; group: string; name: string; namespace: string | null }

const refusalOf = ({ verb, resource, group, name, namespace }: Sentence, user = 'mina') => {
  const [main] = resource.split('/')
  const subject = `${main}${group && `.${group}`}${name && ` "${name}"`}`
  const where = namespace === null ? 'at the cluster scope' : `in the namespace "${namespace}"`
  return `${subject} is forbidden: User "${user}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`
}

/** Every permission of a reading, in the words of the API server. */
const permissionsOf = ({ rules, clusterRules, namespaces }: Paste): Sentence[] =>
  [
    ...rules.map((rule) => ({ rule, isInside: true })),
    ...clusterRules.map((rule) => ({ rule, isInside: false })),
  ].flatMap(({ rule, isInside }) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.flatMap((verb) =>
        // The server names the object of every call for one object.
        (rule.resourceNames ?? [['list', 'watch', 'create'].includes(verb) ? '' : 'found-1']).map((name) => ({
          ...{ verb, resource, group: rule.apiGroups[0] ?? '', name },
          namespace: isInside ? (namespaces[0] ?? 'shop') : null,
        })),
      ),
    ),
  )

const read = (text: string): Paste => {
  const paste = readPaste(text)
  if (!paste) throw new Error(`not read: ${text}`)
  return paste
}

const commands: ((name: string, namespace: string) => string)[] = [
  (name, ns) => `kubectl delete pod ${name} -n ${ns}`,
  (name, ns) => `kubectl -n ${ns} get secret ${name} -o yaml`,
  (name, ns) => `kubectl rollout restart deploy/${name} --namespace=${ns}`,
  (name, ns) => `kubectl scale deployment ${name} --replicas=3 -n ${ns}`,
  (name, ns) => `kubectl logs ${name} -n ${ns} --tail=20`,
  (name, ns) => `kubectl exec -it ${name} -n ${ns} -- sh`,
  (name, ns) => `kubectl logs deploy/${name} -n ${ns}`,
  (name, ns) => `kubectl -n ${ns} annotate svc ${name} owner=mina`,
  (name, ns) => `kubectl set image deploy/${name} web=web:2 -n ${ns}`,
  (name, ns) => `kubectl -n ${ns} port-forward svc/${name} 8080:80`,
  (name) => `kubectl cordon ${name}`,
  (name) => `kubectl describe node ${name}`,
]

const withoutNames: ((namespace: string) => string)[] = [
  (ns) => `kubectl get pods -n ${ns}`,
  (ns) => `kubectl get deploy,svc -n ${ns} -o wide`,
  (ns) => `oc get routes -n ${ns}`,
  (ns) => `helm uninstall cart -n ${ns}`,
]

const smart = (text: string) => text.replace(/"([^"]*)"/g, '“$1”')
const quotedIn = (text: string) => text.replace(/^/gm, '> ')

/** How terminals, chats and tickets put a command and its refusal together. */
const joined: Record<string, (command: string, refusal: string) => string> = {
  'two lines': (command, refusal) => `${command}\n${refusal}`,
  'a terminal': (command, refusal) => `$ ${command}\nError from server (Forbidden): ${refusal}`,
  'another prompt': (command, refusal) => `mina@laptop:~$ ${command}\nerror: ${refusal}\nmina@laptop:~$`,
  'Windows line ends': (command, refusal) =>
    `C:\\Users\\mina>${command}\r\nError from server (Forbidden): ${refusal}\r\n`,
  'one line': (command, refusal) => `$ ${command} Error from server (Forbidden): ${refusal}`,
  'one line, with a dash': (command, refusal) => `${command} – ${refusal}`,
  'one line, with an arrow': (command, refusal) => `${command} -> Error: ${refusal}`,
  'a bullet each': (command, refusal) => `• ${command}\n• Error from server (Forbidden): ${smart(refusal)}`,
  'a list': (command, refusal) => `1. ${command}\n2. ${refusal}`,
  'a quote': (command, refusal) => quotedIn(`$ ${command}\nError from server (Forbidden): ${refusal}`),
  'a quote in a quote': (command, refusal) => quotedIn(quotedIn(`$ ${command}\n${refusal}`)),
  'a chat with times': (command, refusal) => `Mina  10:42 AM\n${command}\nMina  10:43 AM\n${smart(refusal)}`,
  'a log with times': (command, refusal) => `2026-11-20T09:15:00Z $ ${command}\n2026-11-20T09:15:01Z ${refusal}`,
  'spaces that do not break': (command, refusal) => `${command}\n${refusal}`.replaceAll(' ', '\u00a0'),
  'a pipeline’s report': (command, refusal) =>
    `I would like to run this in the pipeline, for example:\n\n${command}\n\nBut it fails:\n\nError from server (Forbidden): ${refusal}`,
  'a code block': (command, refusal) => `\`\`\`\n$ ${command}\n${refusal}\n\`\`\``,
  'a web page': (command, refusal) => `<pre>${command}\n${refusal.replaceAll('"', '&quot;')}</pre>`,
  'single quotes': (command, refusal) => `${command}\n${refusal.replaceAll('"', "'")}`,
}

const forms = fc.constantFrom(...Object.keys(joined))
const words = fc.constantFrom('web', 'cart', 'db', 'worker', 'api-v2')
const names = fc.tuple(words, fc.nat(99)).map(([word, n]) => `${word}-${n}`)
const namespaces = fc.constantFrom('shop', 'payments-eu', 'team-7')
const open = fc.constantFrom('<name>', '{name}', '$NAME', '"$NAME"', 'NAME_OF_IT', '{{ name }}')

const codesOf = ({ notes }: Paste) => notes.map(({ code }) => code).sort()
const without = ({ notes, ...rest }: Paste) => rest

describe('a command and its refusal are one reading', () => {
  test('whichever of its permissions was refused, and however the two are joined', { timeout: 300_000 }, () => {
    const any = fc.oneof(
      fc.tuple(fc.constantFrom(...commands), names, namespaces).map(([command, name, ns]) => command(name, ns)),
      fc.tuple(fc.constantFrom(...withoutNames), namespaces).map(([command, ns]) => command(ns)),
    )
    fc.assert(
      fc.property(any, forms, fc.nat(20), (command, form, nth) => {
        const alone = read(command)
        const permissions = permissionsOf(alone)
        const refused = permissions[nth % permissions.length]
        if (!refused) return
        const both = read(joined[form]?.(command, refusalOf(refused)) ?? '')
        expect(without(both)).toEqual(without(alone))
        expect(codesOf(both)).toEqual(codesOf(alone))
      }),
      { numRuns: 300 },
    )
  })

  test('the refusal says what the command leaves open', { timeout: 300_000 }, () => {
    const anyCommand = fc.constantFrom(...commands)
    fc.assert(
      fc.property(anyCommand, names, namespaces, open, forms, fc.nat(20), (command, name, ns, word, form, nth) => {
        const whole = read(command(name, ns))
        const permissions = permissionsOf(whole).filter((one) => one.name === name)
        const refused = permissions[nth % permissions.length]
        if (!refused || (form === 'a web page' && word === '<name>')) return
        const both = read(joined[form]?.(command(word, ns), refusalOf(refused)) ?? '')
        expect(without(both)).toEqual(without(whole))
        expect(codesOf(both)).toEqual([...codesOf(whole), 'refused-name'].sort())
      }),
      { numRuns: 300 },
    )
  })
})

describe('what a command and its refusal do not agree on is said', () => {
  const refusal = refusalOf({ verb: 'delete', resource: 'pods', group: '', name: 'web-0', namespace: 'shop' })

  test('another namespace', () => {
    const paste = read(`kubectl delete pod web-0 -n cart\n${refusal}`)
    expect(paste.namespaces).toEqual(['shop', 'cart'])
    expect(codesOf(paste)).toEqual(['several-namespaces'])
  })

  test('which of several commands was refused, so that their open names stay open', () => {
    const paste = read(`kubectl delete pod $A -n shop\nkubectl delete pod $B -n shop\n${refusal}`)
    expect(paste.rules).toEqual([{ apiGroups: [''], resources: ['pods'], verbs: ['delete'] }])
    expect(codesOf(paste)).toContain('unknown-name')
  })

  test('the objects of a loop, of which the refusal names only one', () => {
    const paste = read(`for pod in $PODS; do kubectl delete pod $pod -n shop; done\n${refusal}`)
    expect(paste.rules).toEqual([{ apiGroups: [''], resources: ['pods'], verbs: ['delete'] }])
  })

  test('two contexts, of which one paste can be for one', () => {
    const paste = read('kubectl --context a get secret db -o yaml | kubectl --context b apply -f -')
    expect([paste.context, codesOf(paste)]).toEqual(['a', expect.arrayContaining(['several-contexts'])])
  })
})
