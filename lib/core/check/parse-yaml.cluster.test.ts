// Compares how this check and kubectl read a manifest.
import { describe, expect, test } from 'vitest'
import { kubectl } from '#testing/kubectl'
import { DocumentSplitter } from './documents.ts'
import { findObjects } from './find-objects.ts'
import { Source } from './source.ts'

const head = 'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: r\n'
const plain = `${head}rules:\n- apiGroups: [""]\n  resources: [pods/exec]\n  verbs: [create]\n`
const annotated = (yaml: string) => plain.replace('  name: r\n', `  name: r\n  annotations:\n    a: ${yaml}\n`)
const exec = '{apiGroups: [""], resources: [pods/exec], verbs: [create]}'
const get = '{apiGroups: [""], resources: [pods], verbs: [get]}'

/** The rules of every role, as this check reads them. */
function ours(text: string): unknown[] {
  const splitter = new DocumentSplitter()
  const documents = [...splitter.push(text), ...splitter.end()]
  return documents.flatMap(({ text: document, line }) => {
    const { objects, problems } = findObjects(new Source(document ?? '', line))
    expect(problems).toEqual([])
    const values = (texts: { value: string }[]) => texts.map(({ value }) => value)
    return objects.map((object) =>
      ('rules' in object ? object.rules : []).map(({ apiGroups, resources, verbs }) => ({
        apiGroups: values(apiGroups),
        resources: values(resources),
        verbs: values(verbs),
      })),
    )
  })
}

/** The same, as kubectl reads them without a server. */
async function kubectls(text: string): Promise<unknown[]> {
  const out = await kubectl(['annotate', '--local', '-f', '-', 'x=y', '-o', 'json'], { input: text })
  return out.split(/^(?=\{)/m).map((json) => JSON.parse(json).rules)
}

const notations: Record<string, string> = {
  'tabs between tokens': plain.replace('kind: Role', 'kind:\tRole\t# tab'),
  'tabs in a flow collection': plain.replace('[create]', '[\n\tcreate\n  ]'),
  'a flow collection at the first column': `${head}rules: [\n${exec}\n]\n`,
  'a flow mapping at the first column': `${head}rules: [{\napiGroups: [""],\nresources: [pods/exec],\nverbs: [create]\n}]\n`,
  'a flow collection that ends at the column of its key': plain.replace('[create]', '[\n    create\n  ]'),
  'a comment in a flow collection': `${head}rules: [\n# ]\n${exec}, # }\n]\n`,
  'a quoted text at the first column': annotated('"x\ny"'),
  'a quoted text with brackets and tabs': annotated("'[{\n\t\ty: \"'"),
  'a comment without a space': plain.replace('kind: Role', 'kind: "Role"#c'),
  'an unknown tag': plain.replace('kind: Role', 'kind: !x Role').replace('[create]', '!y [!z create]'),
  'a kind in base64': plain.replace('kind: Role', 'kind: !!binary Um9sZQ=='),
  'a key that applies twice': `${head}rules: [${get}]\nrules: [${exec}]\n`,
  'a key that applies twice, in quotes': `${plain}"rules": []\n`,
  'a merge after a key': `${head}rules:\n- &a ${exec}\n- verbs: [get]\n  <<: *a\n`,
  'a merge before a key': `${head}rules:\n- &a ${exec}\n- <<: *a\n  verbs: [get]\n`,
  'a merge of a list': `${head}rules:\n- &a ${exec}\n- &b ${get}\n- <<: [*a, *b]\n`,
  'two merges': `${head}rules:\n- &a ${exec}\n- &b ${get}\n- <<: *a\n  <<: *b\n`,
  'keys that are numbers': `${plain}x: {1: a, true: b}\n`,
  'a key with a question mark': plain.replace('kind: Role', '? kind\n: Role'),
  'an anchor at a key': plain.replace('kind: Role', '&k kind: Role'),
  'a byte order mark': `\u{FEFF}${plain}`,
  'Windows line breaks': plain.replaceAll('\n', '\r\n'),
  'line breaks of old Macs': plain.replaceAll('\n', '\r'),
  'a next-line character as a line break': plain.replace('kind: Role\n', 'kind: Role\u0085'),
  'a key that a line separator takes out of a comment': `${head}# the rules\u2028rules: [${exec}]\n`,
  'separators with comments': `# a\n--- # b\n${plain}---#c\n${plain}\n---\n\n---\n# d\n`,
  'a directive between documents': `${plain}%YAML 1.2\n---\n${plain}`,
  JSON: JSON.stringify(
    { apiVersion: head.slice(12, 44), kind: 'Role', metadata: { name: 'r' }, rules: [] },
    null,
    '\t',
  ),
}

describe('a manifest', () => {
  test.each(Object.entries(notations))('a role in YAML with %s has the rules that kubectl reads', async (_, text) => {
    const expected = await kubectls(text)
    expect(expected.length).toBeGreaterThan(0)
    expect(ours(text)).toEqual(expected)
  })
})
