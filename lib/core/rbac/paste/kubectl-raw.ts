// The permissions of `kubectl get --raw PATH` and its like.
import { findResource, isNamespaced } from './known-resources.ts'
import { type Line, type Need, note, shown } from './kubectl-target.ts'
import { isGroup, isNamespace, isResource } from './names.ts'
import { nameOf } from './object-name.ts'
import { targetOfPath, verbOfPath } from './raw-path.ts'

export function rawNeeds(line: Line): Need[] {
  const path = line.args.flags.get('raw') ?? ''
  const target = targetOfPath(path)
  const full = target && (target.subresource === '' ? target.resource : `${target.resource}/${target.subresource}`)
  if (!target || !full || !isResource(full) || !isGroup(target.group)) {
    note(
      line,
      'raw',
      `${shown(line, path) || 'The path'} is a path of the API server, not a resource. A role bound in a namespace can't grant it.`,
    )
    return []
  }
  const { group, resource, subresource, namespace } = target
  const known = findResource(group === '' ? resource : `${resource}.${group}`, line.kinds)
  const about = {
    ...{ group, resource, kind: known?.kind ?? '', shortNames: [] },
    namespaced: namespace !== null || (isNamespaced({ group, resource }, line.kinds) ?? false),
  }
  const name = target.name === '' ? '' : nameOf(line, { ...about, kind: '' }, target.name)
  if (namespace !== null && !isNamespace(namespace))
    note(
      line,
      'unknown-namespace',
      `${shown(line, namespace)} is a placeholder for the namespace. Choose the namespace.`,
    )
  return [
    {
      ...{ verb: verbOfPath(line.command, path, target), resource: about, subresource, name },
      ...(namespace !== null && isNamespace(namespace) ? { namespace } : {}),
    },
  ]
}
