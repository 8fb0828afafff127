// Rules with resourceNames that the API server never allows, although an access review that names an object does.
import type { Rule } from '#lib/core/access/rule'
import { splitResource } from './resource-name.ts'

/**
 * Calls with these verbs carry no object name when they are authorized: an object that is being created is named in the
 * body, and a collection has no name. A subresource is part of an existing object, so `create pods/exec` has one.
 */
export const hasNoName = (verb: string, subresource: string): boolean =>
  verb === 'deletecollection' || (verb === 'create' && subresource === '')

export type NeverAllowed = 'create' | 'deletecollection' | '*'

/** What in a rule the API server never allows because of its resourceNames: these verbs, or the literal name `*`. */
export function neverAllowed({ verbs, resources, resourceNames }: Rule): NeverAllowed[] {
  if (!resourceNames?.length) return []
  // An empty name matches calls without one.
  const isNever = (verb: string) =>
    verbs.includes(verb) &&
    !resourceNames.includes('') &&
    resources.some((resource) => hasNoName(verb, splitResource(resource).subresource))
  return [
    ...(['create', 'deletecollection'] as const).filter(isNever),
    ...(resourceNames.includes('*') ? (['*'] as const) : []),
  ]
}

/** Why, and what to write instead. */
export const whyNeverAllowed: Readonly<Record<NeverAllowed, string>> = {
  create:
    'Kubernetes never allows create by resourceNames, because a new object has no name when the call is authorized. Put create in a rule without resourceNames.',
  deletecollection:
    'Kubernetes never allows deletecollection by resourceNames, because the call names no object. Use delete, or put deletecollection in a rule without resourceNames.',
  '*': 'In resourceNames, * is not a wildcard but the name of one object. Leave resourceNames out to cover every name.',
}
