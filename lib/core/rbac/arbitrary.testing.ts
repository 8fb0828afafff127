// For tests: random rules over a small vocabulary, so that they often overlap, and a slow but obvious implementation.
import fc from 'fast-check'
import type { Rule } from '#lib/core/access/rule'
import type { Attributes } from './attributes.ts'

/** A single permission: one group, one resource, one verb, and one name or none. */
export type Atom = { group: string; resource: string; verb: string; name: string | null }

const some = (values: string[], maxLength = 3) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength })

export const groups = ['', 'apps', 'batch', '*']
export const resources = ['pods', 'pods/log', 'pods/*', 'deployments', 'deployments/scale', '*/scale', '*/*', '*']
export const verbs = ['get', 'list', 'create', 'deletecollection', 'impersonate', '*']
export const names = ['a', 'b', '*', '']

/** A rule that the API server accepts, with all special cases of RBAC. */
export const aRule: fc.Arbitrary<Rule> = fc.record(
  {
    apiGroups: some(groups),
    resources: some(resources),
    verbs: some(verbs),
    resourceNames: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 3 }),
  },
  { requiredKeys: ['apiGroups', 'resources', 'verbs'] },
)

export const aRules = fc.array(aRule, { maxLength: 5 })

/** A question to the authorizer, over the same vocabulary and a little more. */
export const anAttributes: fc.Arbitrary<Attributes> = fc.record({
  namespace: fc.constant('default'),
  verb: fc.constantFrom(...verbs, 'watch'),
  group: fc.constantFrom(...groups, 'extensions'),
  resource: fc.constantFrom('pods', 'deployments', 'nodes', '*', 'pods/log'),
  subresource: fc.constantFrom('', '', 'log', 'scale', '*'),
  name: fc.constantFrom('', 'a', 'b', 'c', '*'),
})

/** Every single permission of a rule: the product of its dimensions. */
export const atomsOf = (rule: Rule): Atom[] =>
  rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.flatMap((verb) =>
        (rule.resourceNames?.length ? rule.resourceNames : [null]).map((name) => ({ group, resource, verb, name })),
      ),
    ),
  )

function ruleCoversAtom(owner: Rule, atom: Atom): boolean {
  const [, ...rest] = atom.resource.split('/')
  const anyOf = rest.length ? `*/${rest.join('/')}` : atom.resource
  return (
    (owner.verbs.includes('*') || owner.verbs.includes(atom.verb)) &&
    (owner.apiGroups.includes('*') || owner.apiGroups.includes(atom.group)) &&
    ['*', atom.resource, anyOf].some((resource) => owner.resources.includes(resource)) &&
    (!owner.resourceNames?.length || (atom.name !== null && owner.resourceNames.includes(atom.name)))
  )
}

/** The permissions that no owner rule covers, found by comparing each with each. */
export const coversByAtoms = (owner: Rule[], requested: Rule[]): Atom[] =>
  requested.flatMap(atomsOf).filter((atom) => !owner.some((rule) => ruleCoversAtom(rule, atom)))
