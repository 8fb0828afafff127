import type { Rule } from '#lib/core/access/rule'
import { allows } from './allows.ts'
import { splitResource } from './resource-name.ts'

/** `resource` is as kubectl writes it, such as `pods/log` or `deployments.apps`. Without a group it is of any, and without a name of any name. */
export type AskedAction = { verb: string; resource: string; name?: string | undefined }

/**
 * Could someone with these rules perform the action on any object that is meant? Unlike the API server, which decides about one
 * object, this also counts rules that are limited to some names or groups where the question names none.
 */
export function couldPerform(rules: readonly Rule[], { verb, resource: text, name }: AskedAction): boolean {
  const { resource: withGroup, subresource } = splitResource(text)
  const dot = withGroup.indexOf('.')
  const resource = dot < 0 ? withGroup : withGroup.slice(0, dot)
  const meant = rules.map(({ resourceNames, apiGroups, ...rule }) => ({
    ...rule,
    apiGroups: dot < 0 && apiGroups.length > 0 ? ['*'] : apiGroups,
    ...(name && resourceNames ? { resourceNames } : {}),
  }))
  const group = dot < 0 ? '' : withGroup.slice(dot + 1)
  return allows(meant, { namespace: '', verb, group, resource, subresource, name: name ?? '' })
}
