// Finds the RBAC objects of a document, with the place of everything that a finding may point to.
import { isMap, parseDocument } from 'yaml'
import type { ClusterRole } from '#lib/core/rbac/cluster-objects'
import type { Range, Source } from './source.ts'
import { type Entry, Nodes, type Text, Unreadable } from './yaml-nodes.ts'

export type PlacedRule = {
  verbs: Text[]
  apiGroups: Text[]
  resources: Text[]
  resourceNames: Text[]
  nonResourceURLs: Text[]
  range: Range
}

type Common = {
  name: string
  /** Null for cluster-scoped objects, and if the manifest does not specify one. */
  namespace: string | null
  annotations: Map<string, Text>
  labels: Map<string, Text>
  /** Its name. */
  at: Range
  /** The whole object. */
  range: Range
}

export type PlacedRole = Common & {
  kind: 'Role' | 'ClusterRole'
  rules: PlacedRule[]
  /** Selects the ClusterRoles whose rules it has. */
  aggregationRule: ClusterRole['aggregationRule']
}

export type PlacedSubject = { kind: string; name: string; namespace: string | null; range: Range }

export type PlacedBinding = Common & {
  kind: 'RoleBinding' | 'ClusterRoleBinding'
  roleRef: { kind: string; name: string; range: Range }
  subjects: PlacedSubject[]
}

export type PlacedObject = PlacedRole | PlacedBinding

export type Problem = { message: string; range: Range }

const rbacGroup = 'rbac.authorization.k8s.io'
const kinds = ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'] as const
type Kind = (typeof kinds)[number]

const isKind = (text: string): text is Kind => (kinds as readonly string[]).includes(text)

/**
 * Can this text contain an RBAC object? If not, it is not parsed. Without `Role` in the text, YAML can produce the word
 * only by an escape in quotes or by a tag, and a template can produce anything.
 */
export const mayHoldRbac = (text: string): boolean => /Role|\\|!!|!<|%TAG|\{\{/.test(text)

/** How deeply lists may be nested in lists. */
const maxDepth = 4

/** Reads one document. The objects that could be read are returned even if there are problems. */
export function rbacObjectsIn(source: Source): { objects: PlacedObject[]; problems: Problem[] } {
  const objects: PlacedObject[] = []
  const problems: Problem[] = []
  try {
    const document = parseDocument(source.text, {
      prettyErrors: false,
      strict: true,
      // `Nodes` checks both where it reads, because the library needs quadratic time for them.
      uniqueKeys: false,
      stringKeys: false,
      logLevel: 'silent',
    })
    const wrong = document.errors[0] ?? document.warnings[0]
    if (wrong) return { objects, problems: [{ message: syntaxMessage(wrong.message, source.text), range: wrong.pos }] }
    new Reader(new Nodes(document, source.text.includes('&')), objects, problems).read(document.contents, null, 0)
  } catch (error) {
    problems.push(problemOf(error))
  }
  return { objects, problems: problems.map((problem) => withTemplate(problem, source.text)) }
}

const isTemplate = 'this is a template: render it first (helm template, kustomize build) and check the output'

/** For the parser, the braces of a template are a mapping. The actual problem is that it was not rendered. */
const withTemplate = (problem: Problem, text: string): Problem =>
  text.slice(problem.range[0] - 1, problem.range[1] + 1).includes('{{') ? { ...problem, message: isTemplate } : problem

function problemOf(error: unknown): Problem {
  if (error instanceof Unreadable) return { message: error.message, range: error.range }
  // The parser is recursive, so deep nesting overflows the stack.
  if (error instanceof RangeError) return { message: tooDeep, range: [0, 0] }
  throw error
}

const tooDeep = 'nested too deeply'

function syntaxMessage(message: string, text: string): string {
  if (message.startsWith('Maximum call stack')) return tooDeep
  if (text.includes('{{')) return isTemplate
  return `invalid YAML: ${message}`
}

class Reader {
  readonly #nodes: Nodes
  readonly #objects: PlacedObject[]
  readonly #problems: Problem[]

  constructor(nodes: Nodes, objects: PlacedObject[], problems: Problem[]) {
    this.#nodes = nodes
    this.#objects = objects
    this.#problems = problems
  }

  /** @param listKind the kind of the items of a typed list such as RoleList, which need not specify it themselves */
  read(node: unknown, listKind: Kind | null, depth: number) {
    if (depth > maxDepth) throw new Unreadable(tooDeep, this.#nodes.rangeOf(node))
    const items = this.#nodes.items(node)
    if (items) {
      for (const item of items) this.#readItem(item, listKind, depth)
      return
    }
    if (!isMap(this.#nodes.resolve(node))) return
    const entries = this.#nodes.entries(node)
    const kind = this.#textOf(entries, 'kind')
    const apiVersion = this.#textOf(entries, 'apiVersion')
    if (kind?.value.endsWith('List') && entries?.has('items')) {
      const of = kind.value.slice(0, -'List'.length)
      const isRbac = isKind(of) && isRbacVersion(apiVersion)
      for (const item of this.#nodes.items(entries.get('items')?.value) ?? [])
        this.#readItem(item, isRbac ? of : null, depth)
      return
    }
    const ownKind = kind ? kind.value : listKind
    if (!entries || ownKind === null || !isKind(ownKind)) return
    if (!apiVersion && !listKind)
      throw new Unreadable(`a ${ownKind} must have an apiVersion`, this.#nodes.rangeOf(node))
    if (apiVersion && !isRbacVersion(apiVersion)) return
    const common = this.#commonOf(entries, node, ownKind)
    this.#objects.push(
      ownKind === 'Role' || ownKind === 'ClusterRole'
        ? { kind: ownKind, ...common, rules: this.#rulesOf(entries), aggregationRule: this.#aggregationOf(entries) }
        : { kind: ownKind, ...common, ...this.#bindingOf(entries, node, ownKind) },
    )
  }

  /** A problem with one item does not affect the others. */
  #readItem(item: unknown, listKind: Kind | null, depth: number) {
    try {
      this.read(item, listKind, depth + 1)
    } catch (error) {
      this.#problems.push(problemOf(error))
    }
  }

  #commonOf(entries: Map<string, Entry>, node: unknown, kind: Kind): Common {
    const metadata = this.#nodes.entries(entries.get('metadata')?.value)
    const name = this.#textOf(metadata, 'name')
    const generated = this.#textOf(metadata, 'generateName')
    const named = name ?? (generated && { ...generated, value: `${generated.value}*` })
    const range = this.#nodes.rangeOf(node)
    if (!named?.value) throw new Unreadable(`a ${kind} must have a name`, range)
    const namespace = this.#textOf(metadata, 'namespace')?.value || null
    return {
      name: named.value,
      // The API server refuses a namespace for the other kinds.
      namespace: kind === 'Role' || kind === 'RoleBinding' ? namespace : null,
      annotations: this.#textMap(metadata, 'annotations'),
      labels: this.#textMap(metadata, 'labels'),
      at: named.range,
      range,
    }
  }

  #rulesOf(entries: Map<string, Entry>): PlacedRule[] {
    return this.#list(entries, 'rules').map((node) => {
      const rule = this.#nodes.entries(node)
      const range = this.#nodes.rangeOf(node)
      if (!rule) throw new Unreadable('a rule must be a mapping', range)
      const placed: PlacedRule = {
        verbs: this.#texts(rule, 'verbs'),
        apiGroups: this.#texts(rule, 'apiGroups'),
        resources: this.#texts(rule, 'resources'),
        resourceNames: this.#texts(rule, 'resourceNames'),
        nonResourceURLs: this.#texts(rule, 'nonResourceURLs'),
        range,
      }
      // As in the API server: k8s.io/kubernetes/pkg/apis/rbac/validation, ValidatePolicyRule.
      if (placed.verbs.length === 0) throw new Unreadable('a rule must have verbs', range)
      if (placed.nonResourceURLs.length > 0) return placed
      if (placed.apiGroups.length === 0)
        throw new Unreadable('a rule must have apiGroups ("" is the core group)', range)
      if (placed.resources.length === 0) throw new Unreadable('a rule must have resources', range)
      return placed
    })
  }

  #aggregationOf(entries: Map<string, Entry>): ClusterRole['aggregationRule'] {
    const rule = this.#nodes.entries(entries.get('aggregationRule')?.value)
    if (!rule) return null
    const clusterRoleSelectors = this.#list(rule, 'clusterRoleSelectors').map((node) => {
      const selector = this.#nodes.entries(node)
      if (!selector) throw new Unreadable('a selector must be a mapping', this.#nodes.rangeOf(node))
      return {
        matchLabels: Object.fromEntries(
          [...this.#textMap(selector, 'matchLabels')].map(([key, text]) => [key, text.value]),
        ),
        matchExpressions: this.#list(selector, 'matchExpressions').map((expression) => this.#expressionOf(expression)),
      }
    })
    return { clusterRoleSelectors }
  }

  #expressionOf(node: unknown) {
    const entries = this.#nodes.entries(node)
    const [key, operator] = [this.#textOf(entries, 'key'), this.#textOf(entries, 'operator')]
    if (!entries || !key || !operator)
      throw new Unreadable('an expression must have a key and an operator', this.#nodes.rangeOf(node))
    return {
      key: key.value,
      operator: operator.value,
      values: this.#texts(entries, 'values').map(({ value }) => value),
    }
  }

  #bindingOf(entries: Map<string, Entry>, node: unknown, binding: Kind): Pick<PlacedBinding, 'roleRef' | 'subjects'> {
    const roleRef = entries.get('roleRef')
    const parts = this.#nodes.entries(roleRef?.value)
    const kind = this.#textOf(parts, 'kind')
    const name = this.#textOf(parts, 'name')
    if (!roleRef || !kind || !name)
      throw new Unreadable(
        'a binding must have a roleRef with a kind and a name',
        this.#nodes.rangeOf(roleRef?.value ?? node),
      )
    const isValid = kind.value === 'ClusterRole' || (kind.value === 'Role' && binding === 'RoleBinding')
    if (!isValid) throw new Unreadable(`a ${binding} cannot refer to a ${kind.value}`, kind.range)
    const subjects = this.#list(entries, 'subjects').map((subject): PlacedSubject => {
      const parts = this.#nodes.entries(subject)
      const [subjectKind, subjectName] = [this.#textOf(parts, 'kind'), this.#textOf(parts, 'name')]
      const range = this.#nodes.rangeOf(subject)
      if (!subjectKind || !subjectName) throw new Unreadable('a subject must have a kind and a name', range)
      const namespace = this.#textOf(parts, 'namespace')?.value || null
      return { kind: subjectKind.value, name: subjectName.value, namespace, range: subjectName.range }
    })
    return { roleRef: { kind: kind.value, name: name.value, range: name.range }, subjects }
  }

  #textOf(entries: Map<string, Entry> | null, key: string): Text | null {
    const entry = entries?.get(key)
    if (!entry || this.#nodes.isNothing(entry.value)) return null
    const text = this.#nodes.text(entry.value)
    if (!text) throw new Unreadable(`${key} must be a string`, this.#nodes.rangeOf(entry.value))
    return text
  }

  #list(entries: Map<string, Entry>, key: string): unknown[] {
    const entry = entries.get(key)
    if (!entry || this.#nodes.isNothing(entry.value)) return []
    const items = this.#nodes.items(entry.value)
    if (!items) throw new Unreadable(`${key} must be a list`, this.#nodes.rangeOf(entry.value))
    return items
  }

  #texts(entries: Map<string, Entry>, key: string): Text[] {
    return this.#list(entries, key).map((item) => {
      const text = this.#nodes.text(item)
      if (!text) throw new Unreadable(`${key} must be a list of strings`, this.#nodes.rangeOf(item))
      return text
    })
  }

  /** Labels and annotations. Values that are not strings are skipped: the API server refuses them. */
  #textMap(entries: Map<string, Entry> | null, key: string): Map<string, Text> {
    const found = this.#nodes.entries(entries?.get(key)?.value) ?? new Map<string, Entry>()
    return new Map(
      [...found].flatMap(([name, { value }]) => {
        const text = this.#nodes.text(value)
        return text ? [[name, text] as const] : []
      }),
    )
  }
}

const isRbacVersion = (apiVersion: Text | null) => apiVersion?.value.split('/')[0] === rbacGroup
