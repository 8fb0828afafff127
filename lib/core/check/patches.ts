// What does a patch of an RBAC object grant, such as one in a SyncSet of Hive? The object itself is not in the input.
import { parseYaml } from './parse-yaml.ts'

export type Patched = { apiVersion: string; kind: string; name: string; namespace: string | null }

/** `object`: what the patch grants, in JSON; null if it grants nothing. */
export type ReadPatch = { object: string | null } | { problem: string }

type Content = Record<string, unknown>
const isContent = (value: unknown): value is Content =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function readPatch(patched: Patched, text: string): ReadPatch {
  let patch: unknown
  try {
    const { documents, problems } = parseYaml(text)
    const [document, ...others] = documents
    if (!document || problems.length > 0 || others.length > 0) return { problem: 'it is not a single valid document' }
    patch = document.toJS({ maxAliasCount: 0 })
  } catch {
    return { problem: 'it is nested too deeply or has aliases' }
  }
  const changed = Array.isArray(patch) ? afterOperations(patch) : isContent(patch) ? patch : {}
  if (changed === null) return { problem: 'it changes a part of an object that is not in the input' }
  const { rules, aggregationRule, subjects, roleRef } = changed
  if (!rules && !aggregationRule && !subjects && !roleRef) return { object: null }
  if (patched.kind.endsWith('Binding') && !(subjects && roleRef))
    return { problem: 'it changes a binding that is not in the input' }
  const { apiVersion, kind, name, namespace } = patched
  const labels = isContent(changed.metadata) ? changed.metadata.labels : undefined
  return { object: JSON.stringify({ ...changed, apiVersion, kind, metadata: { name, namespace, labels } }) }
}

/** What a JSON patch (RFC 6902) adds; null if that depends on the object. */
function afterOperations(operations: readonly unknown[]): Content | null {
  const rules: unknown[] = []
  for (const operation of operations) {
    const { op, path, value } = isContent(operation) ? operation : {}
    if (op === 'test' || op === 'remove') continue
    if (typeof path !== 'string' || !/^\/(rules|aggregationRule|subjects|roleRef)(\/|$)|^$/.test(path)) continue
    if (op !== 'add' && op !== 'replace') return null
    if (path === '/rules' && Array.isArray(value)) rules.push(...value)
    else if (/^\/rules\/(\d+|-)$/.test(path)) rules.push(value)
    else return null
  }
  return rules.length > 0 ? { rules } : {}
}
