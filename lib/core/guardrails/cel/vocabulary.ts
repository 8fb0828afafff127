// What can an expression use? Every variable and field, with its type, its largest size and one line for the guide.
import { isReservedGroup, rotaOf } from '#lib/core/access/on-call'
import { mostCapabilities, mostPods } from '#lib/core/access/pod-facts'
import { bool, duration, listOf, mapOf, type Shape, text, timestamp } from './shape.ts'
import type { Duration, Timestamp } from './values.ts'

type Field = { type: string; description: string }
type Type = { name: string; fields: Record<string, Field> }

const field = (type: string, description: string): Field => ({ type, description })

/** Ordered so that each type refers only to types before it. */
export const types: readonly Type[] = [
  {
    name: 'Request',
    fields: {
      entitlement: field('string', 'name of the entitlement'),
      automatic: field('bool', 'true if the entitlement requires no approval'),
      breakGlass: field('bool', 'true if the entitlement is for emergencies (`breakGlass`)'),
      clusterRole: field('string', 'the ClusterRole of the entitlement; empty if it has none'),
      namespaces: field('list<string>', 'names of the requested namespaces'),
      reason: field('string', 'the reason'),
      ticket: field('string', 'the ticket; empty if there is none'),
      duration: field('duration', 'requested duration'),
      startsAt: field('timestamp', 'earliest start; never before `now`'),
      extension: field('bool', 'true if it extends access that is active'),
      total: field('duration', 'requested duration, and for an extension the time since the first access began'),
      via: field(
        'string',
        '"browser" for the pages, "terminal" for `postern login`, "agent" if a program says that it acts for the person, "api" for any other bearer token',
      ),
    },
  },
  {
    name: 'Requester',
    fields: {
      subject: field('string', 'subject at the identity provider'),
      email: field('string', 'verified e-mail address; empty if there is none'),
      groups: field('list<string>', 'groups that the identity provider last reported'),
      onCall: field('list<string>', 'the rotas in which the requester is on call now'),
    },
  },
  {
    name: 'Cluster',
    fields: {
      name: field('string', 'name in postern.yaml'),
      labels: field('map<string, string>', 'labels in postern.yaml'),
    },
  },
  {
    name: 'NamespaceMetadata',
    fields: {
      name: field('string', 'name of the namespace'),
      labels: field('map<string, string>', 'labels as last read from the cluster; an error if they are unknown'),
    },
  },
  { name: 'Namespace', fields: { metadata: field('NamespaceMetadata', 'name and labels') } },
  {
    name: 'PolicyRule',
    fields: {
      verbs: field('list<string>', 'as in Kubernetes'),
      apiGroups: field('list<string>', 'as in Kubernetes; "" is the core group'),
      resources: field('list<string>', 'as in Kubernetes, with subresources such as `pods/log`'),
      resourceNames: field('list<string>', 'as in Kubernetes; empty for every name'),
    },
  },
  {
    name: 'Risk',
    fields: {
      id: field('string', 'ID in the risk catalogue'),
      severity: field('string', '"low", "medium" or "high"'),
    },
  },
  {
    name: 'Access',
    fields: {
      verb: field('string', 'verb'),
      group: field('string', 'API group'),
      resource: field('string', 'resource, or a subresource such as `pods/log`'),
      name: field('string', 'name of the object; empty for every object'),
      namespace: field('string', 'name of the namespace'),
    },
  },
  {
    name: 'Difference',
    fields: {
      known: field('bool', "whether the requester's current access in the cluster is known"),
      added: field('list<Access>', 'permissions that would be new to the requester; an error if they are unknown'),
    },
  },
  {
    name: 'History',
    fields: {
      requests: field('list<timestamp>', 'when other requests were submitted, newest first'),
      grants: field('list<timestamp>', 'when other requests were approved, newest first'),
      heldInDay: field('duration', 'how long such access was held in the last 24 hours'),
      heldInWeek: field('duration', 'how long such access was held in the last seven days'),
      lastEnd: field('timestamp', 'when such access last ended: `now` while it is held, 1970 if it never was'),
    },
  },
  {
    name: 'Pod',
    fields: {
      namespace: field('string', 'its namespace'),
      name: field('string', 'its name'),
      labels: field('map<string, string>', 'its labels'),
      serviceAccountName: field('string', 'its service account'),
      mountsToken: field('bool', 'whether a token of its service account is mounted'),
      privileged: field('bool', 'whether a container is privileged'),
      hostNetwork: field('bool', 'whether it uses the network of its node'),
      hostPID: field('bool', 'whether it sees the processes of its node'),
      hostIPC: field('bool', 'whether it shares memory with processes of its node'),
      hostPath: field('bool', 'whether a directory of its node is mounted'),
      mayRunAsRoot: field('bool', 'whether nothing prevents a container from running as root'),
      addedCapabilities: field('list<string>', 'of all its containers, such as `SYS_ADMIN`'),
    },
  },
  {
    name: 'Pods',
    fields: {
      known: field('bool', 'whether Postern may read the pods of every requested namespace, and has'),
      items: field('list<Pod>', 'those that the rules lead into; an error if they are unknown'),
    },
  },
]

/** The variables of an expression. */
export const variables = {
  request: field('Request', 'the request'),
  requester: field('Requester', 'the person who submitted it'),
  cluster: field('Cluster', 'the cluster of the request'),
  namespaceObject: field('Namespace', 'one namespace; a guardrail that uses it is evaluated once per namespace'),
  rules: field('list<PolicyRule>', 'the rules to grant'),
  risks: field('list<Risk>', 'the risks of these rules'),
  difference: field('Difference', 'what access would add to what the requester can already do'),
  history: field(
    'History',
    'the 50 newest requests and grants of the requester for the same entitlement, of the last 30 days; an error if they are unknown',
  ),
  pods: field(
    'Pods',
    'the pods in the requested namespaces that the rules lead into, by exec, attach, port forwarding or ephemeral containers',
  ),
  now: field('timestamp', 'time of the evaluation'),
} satisfies Record<string, Field>

/** Thrown for a fact that is unknown. A guardrail that needs it counts as violated. */
export class UnknownFact extends Error {}

// Thrown as they are: a loop can read an unknown fact thousands of times, and making an error takes longer than a step may.
const unknownEmail = new UnknownFact('the e-mail address of the requester is not known')
const unknownGroups = new UnknownFact('the groups of the requester are not known')
const unknownDifference = new UnknownFact('what the requester can do today in this cluster is not known')

/** Base of the values that expressions see: one class per type, so that expressions cannot reach other properties. */
class Value {
  constructor(fields: object) {
    Object.assign(this, fields)
  }
}
export class Request extends Value {
  readonly #via: string | null
  constructor({ via, ...fields }: { via: string | null } & Readonly<Record<string, unknown>>) {
    super(fields)
    this.#via = via
  }
  get via(): string {
    if (this.#via === null) throw new UnknownFact('where the request came from is not known')
    return this.#via
  }
}
export class Cluster extends Value {}
export class Namespace extends Value {}
export class PolicyRule extends Value {}
export class Risk extends Value {}
export class Access extends Value {}
export class Pod extends Value {}

export class Requester {
  readonly subject: string
  readonly #known: { email?: string | null; groups: readonly string[] } | null
  constructor(subject: string, known: { email?: string | null; groups: readonly string[] } | null) {
    this.subject = subject
    this.#known = known
  }
  get email(): string {
    if (!this.#known) throw unknownEmail
    return this.#known.email ?? ''
  }
  get groups(): readonly string[] {
    return this.#groups().filter((group) => !isReservedGroup(group))
  }
  get onCall(): readonly string[] {
    return this.#groups().flatMap((group) => rotaOf(group) ?? [])
  }
  #groups() {
    if (!this.#known) throw unknownGroups
    return this.#known.groups
  }
}

export class NamespaceMetadata {
  readonly name: string
  readonly #labels: ReadonlyMap<string, string> | UnknownFact
  constructor(name: string, labels: ReadonlyMap<string, string> | null) {
    this.name = name
    this.#labels = labels ?? new UnknownFact(`the labels of namespace ${name} are not known`)
  }
  get labels(): ReadonlyMap<string, string> {
    if (this.#labels instanceof UnknownFact) throw this.#labels
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
    if (!this.#added) throw unknownDifference
    return this.#added
  }
}

type Held = { inDay: Duration; inWeek: Duration; lastEnd: Timestamp }
type KnownHistory = { requests: readonly Timestamp[]; grants: readonly Timestamp[]; held: Held | null }

export class History {
  readonly #known: KnownHistory | null
  constructor(known: KnownHistory | null) {
    this.#known = known
  }
  get requests(): readonly Timestamp[] {
    return this.#times().requests
  }
  get grants(): readonly Timestamp[] {
    return this.#times().grants
  }
  get heldInDay(): Duration {
    return this.#held().inDay
  }
  get heldInWeek(): Duration {
    return this.#held().inWeek
  }
  get lastEnd(): Timestamp {
    return this.#held().lastEnd
  }
  #held() {
    const { held } = this.#times()
    if (!held) throw new UnknownFact('the earlier access of the requester is not known')
    return held
  }
  #times() {
    if (!this.#known) throw new UnknownFact('the other requests of the requester are not known')
    return this.#known
  }
}

const unknownPods = new UnknownFact('the pods in the requested namespaces are not known')

export class Pods {
  readonly #items: readonly Pod[] | null
  constructor(items: readonly Pod[] | null) {
    this.#items = items
  }
  get known(): boolean {
    return this.#items !== null
  }
  get items(): readonly Pod[] {
    if (!this.#items) throw unknownPods
    return this.#items
  }
}

/** The values of all variables for one evaluation. */
export type Context = {
  request: Request
  requester: Requester
  cluster: Cluster
  namespaceObject?: Namespace
  rules: readonly PolicyRule[]
  risks: readonly Risk[]
  difference: Difference
  history: History
  pods: Pods
  now: Timestamp
}

/** Counts and lengths of one request, or the largest that Postern accepts. */
export type Sizes = Readonly<Record<keyof typeof largest, number>>

// Rules, namespaces, reason and ticket are bounded by lib/core/access, labels by Kubernetes. The others are generous
// guesses: only the check on loading uses these sizes, and every evaluation uses the sizes of its request.
export const largest = {
  namespaces: 20,
  rules: 32,
  ruleParts: 64,
  groups: 300,
  risks: 200,
  added: 5_000,
  history: 50,
  pods: mostPods,
  labels: 100,
  reason: 2_000,
  word: 320,
}

export type Shapes = Readonly<Record<keyof typeof variables, Shape>>

// Requests of about the same size share shapes, and with them the costs that are cached for each expression.
const cached = new Map<string, Shapes>()

/** The shapes of all variables, with sizes rounded up to powers of two. */
export function shapesFor(sizes: Sizes): Shapes {
  const names = Object.keys(largest) as (keyof Sizes)[]
  const rounded = names.map((name) => [name, 2 ** Math.ceil(Math.log2(Math.max(1, sizes[name])))] as const)
  const key = rounded.map(([, size]) => size).join(' ')
  const shapes = cached.get(key) ?? exactShapesFor(Object.fromEntries(rounded) as Sizes)
  if (cached.size > 200) cached.clear()
  cached.set(key, shapes)
  return shapes
}

/** The shapes of all variables for exactly these sizes. */
export function exactShapesFor(sizes: Sizes): Shapes {
  const lists: Record<string, number> = {
    'Request.namespaces': sizes.namespaces,
    'Requester.groups': sizes.groups,
    'Requester.onCall': sizes.groups,
    'Difference.added': sizes.added,
    'History.requests': sizes.history,
    'History.grants': sizes.history,
    'Pods.items': sizes.pods,
    'Pod.addedCapabilities': mostCapabilities,
    rules: sizes.rules,
    risks: sizes.risks,
  }
  const shapeOf = (type: string, place: string): Shape => {
    if (type === 'bool') return bool
    if (type === 'timestamp') return timestamp
    if (type === 'duration') return duration
    if (type === 'string') return text(place === 'Request.reason' ? sizes.reason : sizes.word)
    if (type === 'map<string, string>') return mapOf(sizes.labels, text(sizes.word))
    const element = /^list<(.*)>$/.exec(type)?.[1]
    if (element) return listOf(lists[place] ?? sizes.ruleParts, shapeOf(element, ''))
    const known = types.find(({ name }) => name === type)
    if (!known) throw new Error(`there is no type ${type}`)
    const fields = Object.entries(known.fields)
    const shapes = fields.map(([name, { type: of }]) => [name, shapeOf(of, `${known.name}.${name}`)] as const)
    return { kind: 'object', name: known.name, fields: Object.fromEntries(shapes) }
  }
  const entries = Object.entries(variables).map(([name, { type }]) => [name, shapeOf(type, name)])
  return Object.fromEntries(entries) as Shapes
}
