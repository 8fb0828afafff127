// Which Kustomize directories have to be built, and which files are part of one, so that they are not checked twice?
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'

export const kustomizationNames = ['kustomization.yaml', 'kustomization.yml', 'Kustomization']

/** A kustomization file. `refersTo` has the absolute paths of files and directories. */
export type Kustomization = { directory: string; file: string; isComponent: boolean; refersTo: string[] }

const maxBytes = 1024 * 1024

type Content = Record<string, unknown>
const isContent = (value: unknown): value is Content => typeof value === 'object' && value !== null
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

function pathsIn(content: Content): string[] {
  const lists = ['resources', 'bases', 'components', 'crds', 'patchesStrategicMerge', 'generators', 'transformers']
  const withPath = ['patches', 'patchesJson6902', 'replacements']
  const values = [
    ...lists.flatMap((key) => listOf(content[key])),
    ...withPath.flatMap((key) => listOf(content[key]).map((item) => (isContent(item) ? item.path : null))),
  ]
  return values.filter((value) => typeof value === 'string')
}

/** A file that cannot be read refers to nothing: building it says what is wrong. */
export async function readKustomization(directory: string, name: string): Promise<Kustomization> {
  const file = join(directory, name)
  let content: unknown = null
  try {
    if ((await stat(file)).size <= maxBytes)
      content = parse(await readFile(file, 'utf8'), { logLevel: 'silent', strict: false })
  } catch {}
  const known = isContent(content) ? content : {}
  return {
    directory,
    file,
    isComponent: known.kind === 'Component',
    refersTo: pathsIn(known).map((path) => resolve(directory, path)),
  }
}

/**
 * Those that no other one refers to are built, and with them everything that they refer to. A component is only built as
 * a part of another one.
 */
export function planBuilds(all: readonly Kustomization[]): { roots: Kustomization[]; parts: ReadonlySet<string> } {
  const byDirectory = new Map(all.map((one) => [resolve(one.directory), one]))
  const referred = new Set(all.filter(({ isComponent }) => !isComponent).flatMap(({ refersTo }) => refersTo))
  const parts = new Set<string>()
  const build = (one: Kustomization) => {
    parts.add(resolve(one.directory))
    for (const path of one.refersTo) {
      if (parts.has(path)) continue
      parts.add(path)
      const other = byDirectory.get(path)
      if (other) build(other)
    }
  }
  const isBuilt = ({ directory }: Kustomization) => parts.has(resolve(directory))
  const alone = all.filter((one) => !one.isComponent && !referred.has(resolve(one.directory)))
  for (const one of alone) build(one)
  // Those that refer to each other in a circle.
  const circular = all.filter((one) => !one.isComponent && !isBuilt(one))
  for (const one of circular) build(one)
  return { roots: [...alone, ...circular], parts }
}
