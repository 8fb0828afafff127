import type { Rule } from '#lib/core/access/rule'
import { isKept, kindOf } from './kind.ts'

/** Is each call that this rule allows one that is kept, whoever makes it? Wildcards allow calls that are not. */
export function isReported({ apiGroups, resources, verbs }: Rule): boolean {
  const caller = { account: 'someone', impersonated: null, code: 200, path: '', namespace: '', name: '' }
  return apiGroups.every((group) =>
    resources.every((text) => {
      const [resource = '', subresource = ''] = text.split('/')
      return verbs.every((verb) => isKept(kindOf({ ...caller, group, resource, subresource, verb })))
    }),
  )
}
