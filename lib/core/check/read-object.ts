// Reads one RBAC object of a manifest from its YAML nodes.
import type { ClusterRole } from '#lib/core/rbac/cluster-objects'
import type {
  PlacedBinding,
  PlacedObject,
  PlacedRole,
  PlacedRule,
  PlacedSubject,
  RbacApi,
  RbacKind,
} from './rbac-objects.ts'
import type { Range } from './source.ts'
import { type Entry, type Nodes, type Text, Unreadable } from './yaml-nodes.ts'

type Entries = ReadonlyMap<string, Entry>
type Common = Omit<PlacedRole, 'kind' | 'rules' | 'aggregationRule'>

/** In OpenShift's API, a rule without API groups is for Kubernetes' core group and for these. */
const openshiftGroups = [
  ...['apps', 'authorization', 'build', 'image', 'network', 'oauth', 'project', 'quota', 'route', 'security'],
  ...['template', 'user'],
].map((name) => `${name}.openshift.io`)

/** Kinds of OpenShift's API whose names begin with `system:`. */
const systemKinds: Readonly<Record<string, string>> = { SystemUser: 'User', SystemGroup: 'Group' }

export class ObjectReader {
  readonly #nodes: Nodes
  readonly #parameters: ReadonlyMap<string, string>

  /** @param parameters the values for `${NAME}` in an OpenShift template */
  constructor(nodes: Nodes, parameters: ReadonlyMap<string, string>) {
    this.#nodes = nodes
    this.#parameters = parameters
  }

  /** @throws Unreadable */
  read(entries: Entries, node: unknown, kind: RbacKind, api: RbacApi): PlacedObject {
    const common = this.#commonOf(entries, node, kind)
    return kind === 'Role' || kind === 'ClusterRole'
      ? { kind, ...common, rules: this.#rulesOf(entries, api), aggregationRule: this.#aggregationOf(entries) }
      : { kind, ...common, ...this.#bindingOf(entries, node, kind, api) }
  }

  /**
   * A list of rules for a service account, as a role and its binding.
   * @throws Unreadable
   */
  permissions(
    node: unknown,
    granted: { name: string; account: string; namespace: string | null; isClusterWide: boolean },
  ): [PlacedRole, PlacedBinding] {
    const { name, account, namespace, isClusterWide } = granted
    const range = this.#nodes.rangeOf(node)
    const entries = this.#nodes.entries(node)
    if (!entries) throw new Unreadable('permissions must be a mapping', range)
    const at = entries.get('serviceAccountName')?.range ?? range
    const common = { name, namespace, annotations: new Map(), labels: new Map(), at, range }
    const kind = isClusterWide ? 'ClusterRole' : 'Role'
    const rules = this.#rulesOf(entries, 'kubernetes')
    const subjects = [{ kind: 'ServiceAccount', name: account, namespace: null, range: at }]
    return [
      { kind, ...common, rules, aggregationRule: null },
      { kind: `${kind}Binding`, ...common, roleRef: { kind, name, range: at }, subjects },
    ]
  }

  #commonOf(entries: Entries, node: unknown, kind: RbacKind): Common {
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

  #rulesOf(entries: Entries, api: RbacApi): PlacedRule[] {
    return this.#list(entries, 'rules').map((node) => {
      const rule = this.#nodes.entries(node)
      const range = this.#nodes.rangeOf(node)
      if (!rule) throw new Unreadable('a rule must be a mapping', range)
      const placed: PlacedRule = {
        verbs: this.#texts(rule, 'verbs'),
        apiGroups: this.#apiGroupsOf(rule, range, api),
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

  #apiGroupsOf(rule: Entries, range: Range, api: RbacApi): Text[] {
    const groups = this.#texts(rule, 'apiGroups')
    if (groups.length > 0 || api === 'kubernetes') return groups
    return ['', ...openshiftGroups].map((value) => ({ value, range }))
  }

  #aggregationOf(entries: Entries): ClusterRole['aggregationRule'] {
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

  #bindingOf(
    entries: Entries,
    node: unknown,
    binding: RbacKind,
    api: RbacApi,
  ): Pick<PlacedBinding, 'roleRef' | 'subjects'> {
    const roleRef = entries.get('roleRef')
    const parts = this.#nodes.entries(roleRef?.value)
    const name = this.#textOf(parts, 'name')
    const kind = api === 'openshift' ? this.#openshiftRoleKind(parts, binding) : this.#textOf(parts, 'kind')?.value
    if (!roleRef || !kind || !name) {
      const range = this.#nodes.rangeOf(roleRef?.value ?? node)
      throw new Unreadable('a binding must have a roleRef with a kind and a name', range)
    }
    const isValid = kind === 'ClusterRole' || (kind === 'Role' && binding === 'RoleBinding')
    if (!isValid) throw new Unreadable(`a ${binding} cannot refer to a ${kind}`, this.#nodes.rangeOf(roleRef.value))
    const subjects = this.#list(entries, 'subjects').map((subject) => this.#subjectOf(subject))
    const legacy = api === 'openshift' ? this.#legacySubjects(entries) : []
    return { roleRef: { kind, name: name.value, range: name.range }, subjects: [...subjects, ...legacy] }
  }

  /** OpenShift ignores the kind of a roleRef: with a namespace it is a Role, without one a ClusterRole. */
  #openshiftRoleKind(roleRef: Entries | null, binding: RbacKind): 'Role' | 'ClusterRole' {
    return binding === 'RoleBinding' && this.#textOf(roleRef, 'namespace')?.value ? 'Role' : 'ClusterRole'
  }

  #subjectOf(subject: unknown): PlacedSubject {
    const parts = this.#nodes.entries(subject)
    const [kind, name] = [this.#textOf(parts, 'kind'), this.#textOf(parts, 'name')]
    if (!kind || !name) throw new Unreadable('a subject must have a kind and a name', this.#nodes.rangeOf(subject))
    const namespace = this.#textOf(parts, 'namespace')?.value || null
    return { kind: systemKinds[kind.value] ?? kind.value, name: name.value, namespace, range: name.range }
  }

  /** OpenShift takes these instead of `subjects`. Both count here, because an older client may ignore either. */
  #legacySubjects(entries: Entries): PlacedSubject[] {
    const of = (key: string, kind: string) =>
      this.#texts(entries, key).map(({ value: name, range }): PlacedSubject => ({ kind, name, namespace: null, range }))
    return [...of('userNames', 'User'), ...of('groupNames', 'Group')]
  }

  #textOf(entries: Entries | null, key: string): Text | null {
    const entry = entries?.get(key)
    if (!entry || this.#nodes.isNothing(entry.value)) return null
    const text = this.#text(entry.value)
    if (!text) throw new Unreadable(`${key} must be a string`, this.#nodes.rangeOf(entry.value))
    return text
  }

  #list(entries: Entries, key: string): unknown[] {
    const entry = entries.get(key)
    if (!entry || this.#nodes.isNothing(entry.value)) return []
    const items = this.#nodes.items(entry.value)
    if (!items) throw new Unreadable(`${key} must be a list`, this.#nodes.rangeOf(entry.value))
    return items
  }

  #texts(entries: Entries, key: string): Text[] {
    return this.#list(entries, key).map((item) => {
      const text = this.#text(item)
      if (!text) throw new Unreadable(`${key} must be a list of strings`, this.#nodes.rangeOf(item))
      return text
    })
  }

  /** Labels and annotations. Values that are not strings are skipped: the API server refuses them. */
  #textMap(entries: Entries | null, key: string): Map<string, Text> {
    const found = this.#nodes.entries(entries?.get(key)?.value) ?? new Map<string, Entry>()
    return new Map(
      [...found].flatMap(([name, { value }]) => {
        const text = this.#text(value)
        return text ? [[name, text] as const] : []
      }),
    )
  }

  #text(node: unknown): Text | null {
    const text = this.#nodes.text(node)
    if (!text || this.#parameters.size === 0) return text
    const value = text.value.replace(/\$\{\{?(\w+)\}?\}/g, (whole, name: string) => this.#parameters.get(name) ?? whole)
    return { ...text, value }
  }
}
