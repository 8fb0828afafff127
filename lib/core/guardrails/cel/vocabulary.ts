// What an expression may speak of: every variable and field with its type, its largest size and one line for the guide.
import { Environment } from '@marcbachmann/cel-js'

/**
 * How large a value can be, which bounds the work on it. `one` is anything of fixed size; `max` counts characters or
 * elements.
 */
export type Shape =
  | { kind: 'one' }
  | { kind: 'text'; max: number }
  | { kind: 'list'; max: number; of: Shape }
  | { kind: 'map'; max: number; of: Shape }
  | { kind: 'object'; name: string; fields: Readonly<Record<string, Shape>> }

export const one: Shape = { kind: 'one' }
export const text = (max: number): Shape => ({ kind: 'text', max })
export const listOf = (max: number, of: Shape): Shape => ({ kind: 'list', max, of })
const mapOf = (max: number, of: Shape): Shape => ({ kind: 'map', max, of })

type Field = { type: string; says: string }
type Type = { name: keyof typeof classes; fields: Record<string, Field> }

const field = (type: string, says: string): Field => ({ type, says })
const timestamp = 'google.protobuf.Timestamp'
const duration = 'google.protobuf.Duration'

/** The types of the vocabulary, in an order in which each names only those before it. */
export const types: readonly Type[] = [
  {
    name: 'Request',
    fields: {
      entitlement: field('string', 'name of the entitlement'),
      automatic: field('bool', 'true where the entitlement needs nobody to approve'),
      clusterRole: field('string', 'the vetted ClusterRole that the entitlement names, else empty'),
      namespaces: field('list<string>', 'names of the namespaces asked for'),
      reason: field('string', 'the reason as written'),
      ticket: field('string', 'the ticket as written, else empty'),
      duration: field(duration, 'how long access would last'),
      startsAt: field(timestamp, 'when access would begin at the earliest; not before now'),
    },
  },
  {
    name: 'Requester',
    fields: {
      subject: field('string', 'subject at the identity provider'),
      email: field('string', 'the verified e-mail address, else empty'),
      groups: field('list<string>', 'groups at the last check'),
    },
  },
  {
    name: 'Cluster',
    fields: {
      name: field('string', 'name in the configuration'),
      labels: field('map<string, string>', 'labels in the configuration'),
    },
  },
  {
    name: 'NamespaceMetadata',
    fields: {
      name: field('string', 'name of the namespace'),
      labels: field('map<string, string>', 'labels as last seen in the cluster; an error where they are not known'),
    },
  },
  { name: 'Namespace', fields: { metadata: field('NamespaceMetadata', 'name and labels') } },
  {
    name: 'PolicyRule',
    fields: {
      verbs: field('list<string>', 'as in Kubernetes'),
      apiGroups: field('list<string>', 'as in Kubernetes; "" is the core group'),
      resources: field('list<string>', 'as in Kubernetes, subresources as pods/log'),
      resourceNames: field('list<string>', 'as in Kubernetes; empty means every name'),
    },
  },
  {
    name: 'Risk',
    fields: {
      id: field('string', 'id in the catalogue of risks'),
      severity: field('string', '"low", "medium" or "high"'),
    },
  },
  {
    name: 'Access',
    fields: {
      verb: field('string', 'verb'),
      group: field('string', 'API group'),
      resource: field('string', 'resource, subresources as pods/log'),
      name: field('string', 'name of the object, else empty'),
      namespace: field('string', 'name of the namespace'),
    },
  },
  {
    name: 'Difference',
    fields: {
      known: field('bool', 'whether the present rights of the requester in that cluster are known'),
      added: field('list<Access>', 'what would become possible; an error where it is not known'),
    },
  },
]

/** The variables, as an expression names them. */
export const variables = {
  request: field('Request', 'what is asked for'),
  requester: field('Requester', 'who asks'),
  cluster: field('Cluster', 'where'),
  namespaceObject: field('Namespace', 'one namespace: a guardrail that names it is judged once for each namespace'),
  rules: field('list<PolicyRule>', 'the rules that would be granted'),
  risks: field('list<Risk>', 'what is dangerous about them'),
  difference: field('Difference', 'what the requester cannot do today'),
  now: field(timestamp, 'the moment of judging'),
} satisfies Record<string, Field>

/** A fact that is not known. Whatever asks for it is not passed. */
export class UnknownFact extends Error {}

/** Base of the values that expressions see: one class per type, so that no other property can be reached. */
class Value {
  constructor(fields: object) {
    Object.assign(this, fields)
  }
}
export class Request extends Value {}
export class Cluster extends Value {}
export class Namespace extends Value {}
export class PolicyRule extends Value {}
export class Risk extends Value {}
export class Access extends Value {}

export class Requester {
  readonly subject: string
  readonly #known: { email?: string | null; groups: readonly string[] } | null
  constructor(subject: string, known: { email?: string | null; groups: readonly string[] } | null) {
    this.subject = subject
    this.#known = known
  }
  get email(): string {
    if (!this.#known) throw new UnknownFact('the e-mail address of the requester is not known')
    return this.#known.email ?? ''
  }
  get groups(): readonly string[] {
    if (!this.#known) throw new UnknownFact('the groups of the requester are not known')
    return this.#known.groups
  }
}

export class NamespaceMetadata {
  readonly name: string
  readonly #labels: ReadonlyMap<string, string> | null
  constructor(name: string, labels: ReadonlyMap<string, string> | null) {
    this.name = name
    this.#labels = labels
  }
  get labels(): ReadonlyMap<string, string> {
    if (!this.#labels) throw new UnknownFact(`the labels of namespace ${this.name} are not known`)
    return this.#labels
  }
}

export class Difference {
  readonly #added: readonly Access[] | null
  constructor(added: readonly Access[] | null) {
    this.#added = added
  }
  get known(): boolean {
    return this.#added !== null
  }
  get added(): readonly Access[] {
    if (!this.#added) throw new UnknownFact('what the requester can do today in this cluster is not known')
    return this.#added
  }
}

const classes = {
  Request,
  Requester,
  Cluster,
  NamespaceMetadata,
  Namespace,
  PolicyRule,
  Risk,
  Access,
  Difference,
} as const

/** What an expression is judged with. Whole numbers are bigints, as CEL has them. */
export type Context = {
  request: Request
  requester: Requester
  cluster: Cluster
  namespaceObject?: Namespace
  rules: readonly PolicyRule[]
  risks: readonly Risk[]
  difference: Difference
  now: Date
}

/** How many and how long: of one request, or the most that Postern accepts. */
export type Sizes = Readonly<Record<keyof typeof largest, number>>

// From lib/core/access (rules, namespaces, reason, ticket) and from Kubernetes; where neither sets a bound, such as for groups,
// more than anybody has met: only the check on loading uses these, each judgement measures what it is given.
export const largest = {
  namespaces: 20,
  rules: 32,
  ruleParts: 64,
  groups: 300,
  risks: 200,
  added: 5_000,
  labels: 100,
  reason: 2_000,
  word: 320,
}

export type Shapes = Readonly<Record<keyof typeof variables, Shape>>

// Shapes that were made, so that requests of about the same size share them, and what was counted for them.
const made = new Map<string, Shapes>()

/** The shapes of all variables for sizes such as these or somewhat larger: sizes are rounded up to powers of two. */
export function shapesFor(sizes: Sizes): Shapes {
  const names = Object.keys(largest) as (keyof Sizes)[]
  const rounded = names.map((name) => [name, 2 ** Math.ceil(Math.log2(Math.max(1, sizes[name])))] as const)
  const key = rounded.map(([, size]) => size).join(' ')
  const shapes = made.get(key) ?? exactShapesFor(Object.fromEntries(rounded) as Sizes)
  if (made.size > 200) made.clear()
  made.set(key, shapes)
  return shapes
}

/** The shapes of all variables for exactly these sizes. */
export function exactShapesFor(sizes: Sizes): Shapes {
  const lists: Record<string, number> = {
    'Request.namespaces': sizes.namespaces,
    'Requester.groups': sizes.groups,
    'Difference.added': sizes.added,
    rules: sizes.rules,
    risks: sizes.risks,
  }
  const shapeOf = (type: string, place: string): Shape => {
    if (type === 'string') return text(place === 'Request.reason' ? sizes.reason : sizes.word)
    if (type === 'map<string, string>') return mapOf(sizes.labels, text(sizes.word))
    const element = /^list<(.*)>$/.exec(type)?.[1]
    if (element) return listOf(lists[place] ?? sizes.ruleParts, shapeOf(element, ''))
    const known = types.find(({ name }) => name === type)
    if (!known) return one
    const fields = Object.entries(known.fields)
    const shapes = fields.map(([name, { type: of }]) => [name, shapeOf(of, `${known.name}.${name}`)] as const)
    return { kind: 'object', name: known.name, fields: Object.fromEntries(shapes) }
  }
  const entries = Object.entries(variables).map(([name, { type }]) => [name, shapeOf(type, name)])
  return Object.fromEntries(entries) as Shapes
}

/** A checker and parser that knows these variables and types and no others. */
export function makeEnvironment(): Environment {
  // Long enough for anything that a person can review; shapes deeper than this are made by machines.
  const environment = new Environment({ limits: { maxAstNodes: 600, maxDepth: 48, maxListElements: 200 } })
  for (const { name, fields } of types) {
    const declared = Object.entries(fields).map(([key, { type }]) => [key, type])
    environment.registerType(name, { ctor: classes[name], fields: Object.fromEntries(declared) })
  }
  for (const [name, { type }] of Object.entries(variables)) environment.registerVariable(name, type)
  return environment
}
