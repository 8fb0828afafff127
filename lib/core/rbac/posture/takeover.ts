// Who is a cluster administrator in effect? Follows every chain in which one identity can take over another, or grant itself
// more, until nothing new is found. Each chain is the shortest one.
import type { Rule } from '#lib/core/access/rule'
import { allows } from '#lib/core/rbac/allows'
import { type PolicyRule, type RoleRef, resourceRules, type Subject } from '#lib/core/rbac/cluster-objects'
import type { ClusterRights } from '#lib/core/rbac/cluster-rights'
import { splitResource } from '#lib/core/rbac/resource-name'
import { readAll } from '#lib/core/rbac/risk/entry'
import { isBuiltIn } from './built-in.ts'

/** One link of a chain: `from` has the permission by this binding and role, and so acts as `to`. */
export type TakeoverStep = { from: string; can: string; binding: string; role: string; to: string }
export type Takeover = { subject: string; at: BindingName; roleRef: RoleRef; steps: TakeoverStep[] }

type BindingName = { kind: 'RoleBinding' | 'ClusterRoleBinding'; namespace: string; name: string }

/** The end of every chain, as pages show it. */
export const clusterAdmin = 'cluster-admin'

type Reach = 'all' | readonly string[]
type Need = { verbs: readonly string[]; group: string; resource: string }
type Edge = { to: string; can: string; needs: readonly Need[]; scope: string }
type Grant = { at: BindingName; roleRef: RoleRef; rules: readonly Rule[]; isBuiltIn: boolean }
/** What one subject is bound to, by namespace; `''` is the whole cluster. */
type Grants = Map<string, Grant[]>

const rbac = 'rbac.authorization.k8s.io'
const certificates = 'certificates.k8s.io'
const write = ['create', 'update', 'patch']
const change = ['update', 'patch']

const need = (verbs: readonly string[], resource: string, group = ''): Need => ({ verbs, group, resource })

const everything = need(['*'], '*', '*')
const createsPods = [
  need(['create'], 'pods'),
  need(write, 'replicationcontrollers'),
  ...['deployments', 'daemonsets', 'statefulsets', 'replicasets'].map((resource) => need(write, resource, 'apps')),
  ...['jobs', 'cronjobs'].map((resource) => need(write, resource, 'batch')),
]
const entersPods = [
  need(['create', 'get'], 'pods/exec'),
  need(['create', 'get'], 'pods/attach'),
  need(change, 'pods/ephemeralcontainers'),
  need(change, 'pods'),
]
const tokens = need(['create'], 'serviceaccounts/token')
const actsAsAccounts = need(['impersonate'], 'serviceaccounts')
const actsAsUsers = need(['impersonate'], 'users')
const actsAsGroups = need(['impersonate'], 'groups')
const createsSecrets = need(['create'], 'secrets')
const readsSecrets = need(readAll, 'secrets')
const bindsClusterRoles = need(['bind'], 'clusterroles', rbac)
const bindsRoles = need(['bind'], 'roles', rbac)
const writesClusterBindings = need(write, 'clusterrolebindings', rbac)
const writesBindings = need(write, 'rolebindings', rbac)
const escalatesClusterRoles = need(['escalate'], 'clusterroles', rbac)
const changesClusterRoles = need(change, 'clusterroles', rbac)
const escalatesRoles = need(['escalate'], 'roles', rbac)
const changesRoles = need(change, 'roles', rbac)
const requestsCertificates = need(['create'], 'certificatesigningrequests', certificates)
const approvesRequests = need(change, 'certificatesigningrequests/approval', certificates)
const approvesForSigners = need(['approve'], 'signers', certificates)
const reachesKubelets = need(['get', 'create'], 'nodes/proxy')
const mutatesObjects = need(write, 'mutatingwebhookconfigurations', 'admissionregistration.k8s.io')

const needs: readonly Need[] = [
  ...[everything, ...createsPods, ...entersPods, tokens, actsAsAccounts, actsAsUsers, actsAsGroups],
  ...[createsSecrets, readsSecrets, bindsClusterRoles, bindsRoles, writesClusterBindings, writesBindings],
  ...[escalatesClusterRoles, changesClusterRoles, escalatesRoles, changesRoles],
  ...[requestsCertificates, approvesRequests, approvesForSigners, reachesKubelets, mutatesObjects],
]

/** The objects that the rules reach by any of the verbs: all of them, or those with these names. */
function reach(rules: readonly Rule[], { verbs, group, resource }: Need): Reach {
  const names = new Set<string>()
  const isNameless = !resource.includes('/')
  for (const rule of rules) {
    const named = rule.resourceNames?.length ? rule.resourceNames : null
    for (const verb of verbs) {
      // The server authorizes these without a name.
      if (named && (verb === 'create' || verb === 'deletecollection') && isNameless) continue
      const attributes = { namespace: '', verb, group, name: named?.[0] ?? '', ...splitResource(resource) }
      if (!allows([rule], attributes)) continue
      if (!named) return 'all'
      for (const name of named) if (name !== '') names.add(name)
    }
  }
  return [...names]
}

const canAny = (rules: readonly Rule[], one: Need): boolean => {
  const reached = reach(rules, one)
  return reached === 'all' || reached.length > 0
}

/** The rules of each role that matter in a chain, by its content: a role that has not changed is not read again. */
export type KnownChainRules = Map<string, readonly Rule[]>

type RulesOf = (rules: readonly PolicyRule[] | null | undefined) => readonly Rule[]

/** Finds the rules that matter in a chain; most roles have none. Removes the roles that are gone from `known` in the end. */
function chainRules(known: KnownChainRules): { rulesOf: RulesOf; prune(): void } {
  const byArray = new Map<readonly PolicyRule[], readonly Rule[]>()
  const used = new Set<string>()
  return {
    rulesOf(rules) {
      if (!rules) return []
      const remembered = byArray.get(rules)
      if (remembered) return remembered
      const key = JSON.stringify(rules)
      used.add(key)
      const found = known.get(key) ?? resourceRules(rules).filter((rule) => needs.some((one) => canAny([rule], one)))
      known.set(key, found)
      byArray.set(rules, found)
      return found
    },
    prune() {
      for (const key of known.keys()) if (!used.has(key)) known.delete(key)
    },
  }
}

// The nodes of the graph: subjects as `subjectText` writes them, and these, which no subject is called.
const admin = 'admin'
const accountsIn = (namespace: string) => `accounts ${namespace}`
const allAccounts = 'accounts'
const allUsers = 'users'
const allGroups = 'groups'
const roleNode = (name: string, scope: string) => `role ${scope}/${name}`
/** The ClusterRole of such a node. A namespace has no slash. */
const boundRoleOf = (node: string) => (node.startsWith('role ') ? node.slice(node.indexOf('/') + 1) : undefined)

const accountPrefix = 'system:serviceaccount:'
const accountNode = (namespace: string, name: string) => `ServiceAccount ${namespace}/${name}`

/** The node of a subject; undefined for one that the API server would never match. */
function nodeOf({ kind, name, namespace }: Subject, home: string): string | undefined {
  if (kind === 'ServiceAccount') return namespace || home ? accountNode(namespace || home, name) : undefined
  if (kind === 'Group') return `Group ${name}`
  if (kind !== 'User') return undefined
  // A user name of this form is the ServiceAccount.
  const [account, ...more] = name.startsWith(accountPrefix) ? name.slice(accountPrefix.length).split(':') : []
  return account !== undefined && more.length === 1 && more[0] !== undefined
    ? accountNode(account, more[0])
    : `User ${name}`
}

type Account = { namespace: string; name: string }
type Known = {
  /** The ServiceAccounts that bindings name, by name. */
  accountsByName: Map<string, Account[]>
}

const nodesFor = (reached: Reach, all: string, named: (name: string) => readonly string[]): readonly string[] =>
  reached === 'all' ? [all] : reached.flatMap(named)

/** The chains that begin with these rules in this scope. */
function edgesOf(rules: readonly Rule[], scope: string, { accountsByName }: Known): Edge[] {
  const edges: Edge[] = []
  const can = (one: Need) => canAny(rules, one)
  const add = (targets: readonly string[], text: string, ...by: Need[]) => {
    for (const to of targets) edges.push({ to, can: text, needs: by, scope })
  }
  const everyAccount = scope === '' ? allAccounts : accountsIn(scope)
  const accountsNamed = (name: string): string[] =>
    (accountsByName.get(name) ?? [])
      .filter(({ namespace }) => scope === '' || namespace === scope)
      .map((one) => accountNode(one.namespace, one.name))
  const accounts = (one: Need) => nodesFor(reach(rules, one), everyAccount, accountsNamed)

  for (const one of createsPods) if (can(one)) add([everyAccount], `write ${one.resource} that run as it`, one)
  for (const one of entersPods) if (can(one)) add([everyAccount], `use ${one.resource}, if a pod runs as it`, one)
  add(accounts(tokens), 'create tokens for it', tokens)
  add(accounts(actsAsAccounts), 'impersonate it', actsAsAccounts)
  if (can(createsSecrets) && can(readsSecrets))
    add([everyAccount], 'create a Secret with its token, and read it', createsSecrets, readsSecrets)
  if (can(writesBindings)) {
    if (can(bindsRoles)) add([everyAccount], 'bind any Role of the namespace to itself', bindsRoles, writesBindings)
    const bound = reach(rules, bindsClusterRoles)
    const text = 'bind this ClusterRole to itself'
    add(
      nodesFor(bound, everyAccount, (name) => [roleNode(name, scope)]),
      bound === 'all' ? 'bind any ClusterRole in the namespace to itself' : text,
      ...[bindsClusterRoles, writesBindings],
    )
  }
  if (can(escalatesRoles) && can(changesRoles))
    add([everyAccount], 'add any permission to its Role in the namespace', escalatesRoles, changesRoles)
  if (scope !== '') return edges

  if (reach(rules, everything) === 'all') add([admin], 'do everything', everything)
  if (can(escalatesClusterRoles) && can(changesClusterRoles))
    add([admin], 'add any permission to its ClusterRole', escalatesClusterRoles, changesClusterRoles)
  if (can(writesClusterBindings)) {
    const bound = reach(rules, bindsClusterRoles)
    add(
      nodesFor(bound, admin, (name) => [roleNode(name, '')]),
      `bind ${bound === 'all' ? 'any' : 'this'} ClusterRole to itself`,
      ...[bindsClusterRoles, writesClusterBindings],
    )
  }
  const users = reach(rules, actsAsUsers)
  add(
    nodesFor(users, allUsers, (name) => [`User ${name}`]),
    'impersonate it',
    actsAsUsers,
  )
  // A group is impersonated together with a user or a ServiceAccount.
  const companion = [actsAsUsers, actsAsAccounts].find(can)
  const groups = reach(rules, actsAsGroups)
  if (companion)
    add(
      nodesFor(groups, 'Group system:masters', (name) => [`Group ${name}`]),
      'impersonate it',
      ...[actsAsGroups, companion],
    )
  const signers = reach(rules, approvesForSigners)
  const isForClients =
    signers === 'all' ||
    signers.some((name) => ['kubernetes.io/*', 'kubernetes.io/kube-apiserver-client'].includes(name))
  if (isForClients && can(requestsCertificates) && can(approvesRequests))
    add(
      [allUsers, allGroups],
      'approve its own certificate with this name',
      ...[requestsCertificates, approvesRequests, approvesForSigners],
    )
  if (can(reachesKubelets)) add([allAccounts], 'run commands in every pod through the kubelets', reachesKubelets)
  if (can(mutatesObjects)) add([admin], 'change what administrators write, by a webhook', mutatesObjects)
  return edges
}

type RightsObjects = Pick<ClusterRights, 'objects' | 'serviceAccounts'>

/** The bindings of each subject that matter in a chain. */
function grantsBySubject({ objects }: RightsObjects, rulesOf: RulesOf): Map<string, Grants> {
  const ofRole = new Map(objects.roles.map(({ metadata, rules }) => [`${metadata.namespace}/${metadata.name}`, rules]))
  const ofClusterRole = new Map(objects.clusterRoles.map(({ metadata, rules }) => [metadata.name, rules]))
  const bySubject = new Map<string, Grants>()
  const bind = (
    kind: BindingName['kind'],
    binding: { metadata: { namespace?: string; name: string }; roleRef: RoleRef; subjects?: Subject[] | null },
  ) => {
    const { roleRef, metadata, subjects } = binding
    const { namespace = '', name } = metadata
    const all = roleRef.kind === 'Role' ? ofRole.get(`${namespace}/${roleRef.name}`) : ofClusterRole.get(roleRef.name)
    const rules = rulesOf(all)
    const grant: Grant = { at: { kind, namespace, name }, roleRef, rules, isBuiltIn: isBuiltIn(binding) }
    for (const subject of subjects ?? []) {
      const node = nodeOf(subject, namespace)
      if (node === undefined) continue
      const grants: Grants = bySubject.get(node) ?? new Map()
      bySubject.set(node, grants)
      // A subject without a dangerous rule is a node all the same: it may be the one that is taken over.
      if (rules.length === 0) continue
      const here = grants.get(namespace)
      if (here) here.push(grant)
      else grants.set(namespace, [grant])
    }
  }
  for (const binding of objects.clusterRoleBindings) bind('ClusterRoleBinding', binding)
  for (const binding of objects.roleBindings) bind('RoleBinding', binding)
  return bySubject
}

const isAccount = (node: string) => node.startsWith('ServiceAccount ')

function accountOf(node: string): Account {
  const [namespace = '', name = ''] = node.slice('ServiceAccount '.length).split('/')
  return { namespace, name }
}

const allRules = (grants: readonly Grant[]): Rule[] => grants.flatMap(({ rules }) => rules)

/** The ways back from each node to those that reach it. */
type Backwards = Map<string, { from: string; edge: Edge }[]>

function graphOf(rights: RightsObjects, rulesOf: RulesOf, bySubject: ReadonlyMap<string, Grants>): Backwards {
  const { objects, serviceAccounts } = rights
  const backwards: Backwards = new Map()
  const connect = (from: string, edge: Edge) => {
    const known = backwards.get(edge.to)
    if (known) known.push({ from, edge })
    else backwards.set(edge.to, [{ from, edge }])
  }
  const joins = (from: string, to: string) => connect(from, { to, can: '', needs: [], scope: '' })

  const existing =
    serviceAccounts && new Map(Object.entries(serviceAccounts).map(([at, names]) => [at, new Set(names)]))
  const accountsByName = new Map<string, Account[]>()
  const namespaces = new Set<string>()
  for (const node of bySubject.keys()) {
    if (node.startsWith('User ')) joins(allUsers, node)
    if (node.startsWith('Group ') && node !== 'Group system:masters') joins(allGroups, node)
    if (!isAccount(node)) {
      if (node !== 'User system:anonymous' && node !== 'Group system:unauthenticated')
        joins(node, 'Group system:authenticated')
      continue
    }
    const account = accountOf(node)
    for (const group of [`:${account.namespace}`, '']) joins(node, `Group system:serviceaccounts${group}`)
    joins(node, 'Group system:authenticated')
    if (existing && !existing.get(account.namespace)?.has(account.name)) continue
    joins(accountsIn(account.namespace), node)
    const namesakes = accountsByName.get(account.name)
    if (namesakes) namesakes.push(account)
    else accountsByName.set(account.name, [account])
    namespaces.add(account.namespace)
  }
  const known = { accountsByName }
  const clusterRoles = new Map(objects.clusterRoles.map(({ metadata, rules }) => [metadata.name, rules]))
  const boundRoles = new Map<string, { name: string; scope: string }>()
  const follow = (from: string, rules: readonly Rule[], scope: string) => {
    for (const edge of edgesOf(rules, scope, known)) {
      connect(from, edge)
      if (scope !== '' && edge.to === accountsIn(scope)) namespaces.add(scope)
      const name = boundRoleOf(edge.to)
      if (name !== undefined) boundRoles.set(edge.to, { name, scope })
    }
  }
  for (const [node, grants] of bySubject) {
    const wide = grants.get('') ?? []
    if (wide.length > 0) follow(node, allRules(wide), '')
    // What cluster-wide and namespaced permissions allow together.
    for (const [namespace, here] of grants) if (namespace !== '') follow(node, allRules([...wide, ...here]), namespace)
  }
  // A bound role may allow binding another one. NB: a Map also iterates over what is added meanwhile.
  for (const [node, { name, scope }] of boundRoles) follow(node, rulesOf(clusterRoles.get(name)), scope)
  for (const namespace of namespaces) {
    joins(allAccounts, accountsIn(namespace))
    joins(accountsIn(namespace), `Group system:serviceaccounts:${namespace}`)
  }
  joins(allAccounts, 'Group system:serviceaccounts')
  return backwards
}

/** The grants by which a subject has what an edge needs: its own bindings before those of Kubernetes. */
function grantsFor(grants: Grants, { needs: all, scope }: Edge): Grant[] {
  const here = [...(grants.get(scope) ?? []), ...(scope === '' ? [] : (grants.get('') ?? []))]
  const own = [...here].sort((a, b) => Number(a.isBuiltIn) - Number(b.isBuiltIn))
  return [...new Set(all.flatMap((one) => own.find(({ rules }) => canAny(rules, one)) ?? []))]
}

const bindingText = ({ kind, namespace, name }: BindingName) => `${kind} ${namespace ? `${namespace}/` : ''}${name}`

/**
 * Everyone who can become a cluster administrator in some steps, with the shortest chain. Those whose chain begins with a
 * binding of Kubernetes itself, or with their membership in a group, are left out.
 * @param known what an earlier call found in each role; roles that are gone are removed from it
 */
export function findTakeovers(rights: RightsObjects, known: KnownChainRules = new Map()): Takeover[] {
  const { rulesOf, prune } = chainRules(known)
  const bySubject = grantsBySubject(rights, rulesOf)
  const backwards = graphOf(rights, rulesOf, bySubject)
  prune()
  /** The next step towards the administrator. */
  const next = new Map<string, Edge>()
  const queue = [admin, 'Group system:masters']
  for (const node of queue) {
    for (const { from, edge } of backwards.get(node) ?? []) {
      if (next.has(from) || from === admin || from === 'Group system:masters') continue
      next.set(from, edge)
      queue.push(from)
    }
  }
  const isShown = (node: string) => bySubject.has(node) || node.startsWith('Group ') || boundRoleOf(node) !== undefined
  const nameOf = (node: string) => {
    const role = boundRoleOf(node)
    return node === admin ? clusterAdmin : role === undefined ? node : `ClusterRole ${role}`
  }
  const found: Takeover[] = []
  for (const [subject, grants] of bySubject) {
    const first = next.get(subject)
    // A binding to everything is a finding of its own.
    if (!first || first.needs.length === 0 || first.needs[0] === everything) continue
    const [origin] = grantsFor(grants, first)
    if (!origin || origin.isBuiltIn) continue
    const steps: TakeoverStep[] = []
    for (let at = subject, edge: Edge | undefined = first; edge; ) {
      const by = grantsFor(bySubject.get(at) ?? new Map(), edge)
      // The nodes that are no subject belong to the step before them.
      let to = edge.to
      while (to !== admin && !isShown(to)) to = next.get(to)?.to ?? admin
      steps.push({
        ...{ from: nameOf(at), can: edge.can || 'is a member', to: nameOf(to) },
        binding: by.map((grant) => bindingText(grant.at)).join(' and '),
        role: by.map(({ roleRef }) => `${roleRef.kind} ${roleRef.name}`).join(' and '),
      })
      at = to
      edge = next.get(to)
    }
    found.push({ subject, at: origin.at, roleRef: origin.roleRef, steps })
  }
  return found
}
