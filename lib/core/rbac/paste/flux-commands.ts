// What the commands of flux need: they read and annotate its own objects, in flux-system unless a flag says otherwise.
import { gapsIn, hasGap } from './gaps.ts'
import { findResource, type KnownResource } from './known-resources.ts'
import { every, type Need, need, type Target } from './kubectl-target.ts'
import { nameOf } from './object-name.ts'
import type { ProgramLine, ProgramReader } from './program-words.ts'

const home = 'flux-system'

/** Words of flux that are not kubectl's names for the kind. */
const kinds: Record<string, string> = {
  source: '',
  git: 'gitrepositories',
  helm: 'helmrepositories',
  oci: 'ocirepositories',
  bucket: 'buckets',
  chart: 'helmcharts',
  image: '',
  repository: 'imagerepositories',
  policy: 'imagepolicies',
  update: 'imageupdateautomations',
  alert: 'alerts',
  'alert-provider': 'providers',
}

const allKinds = [
  'kustomizations',
  'helmreleases',
  'gitrepositories',
  'helmrepositories',
  'ocirepositories',
  'buckets',
  'helmcharts',
]

/** The kind behind a command, and the words behind the kind: `source git flux-system`. */
function kindOf(words: readonly string[]): { resource: KnownResource | undefined; names: string[] } {
  const [first = '', second = '', ...rest] = words
  const isGroup = first === 'source' || first === 'sources' || first === 'image' || first === 'images'
  const word = isGroup ? second : first
  const plural = Object.hasOwn(kinds, word) ? kinds[word] : word
  const found = plural && !hasGap(plural) ? findResource(plural) : undefined
  const isFlux = found?.group.endsWith('.toolkit.fluxcd.io')
  return { resource: isFlux ? found : undefined, names: isGroup ? rest : [second, ...rest].filter(Boolean) }
}

function targetsOf(line: ProgramLine, words: readonly string[]): Target[] {
  const { resource, names } = kindOf(words)
  if (!resource) return []
  if (names.length === 0) return [{ resource, isOne: false, name: '' }]
  return names.map((name) => ({ resource, isOne: true, name: nameOf(line, resource, name) }))
}

const reads = (target: Target): Need[] => (target.isOne ? [need('get', target)] : [need('list', target)])

const logs = (): Need[] => [need('list', every('pods')), need('get', every('pods'), 'log')]

export const readFlux: ProgramReader = (line) => {
  const [command = '', ...words] = line.positional
  const of = (needs: (target: Target) => Need[]) => {
    const targets = targetsOf(line, words)
    if (targets.length > 0) return { needs: targets.flatMap(needs), home }
    const label =
      words.length === 0 ? 'the kind' : words.map((word) => gapsIn(word, line.gaps)[0]?.label ?? word).join(' ')
    line.notes.push({ code: 'unknown-type', sentence: `${label.slice(0, 60)} is not a known kind of flux.` })
    return { needs: [], home }
  }
  const all = {
    needs: allKinds.flatMap((kind) => reads({ ...every(kind), resource: findResource(kind) ?? every(kind).resource })),
    home,
  }
  switch (command) {
    case 'get':
    case 'export':
    case 'tree':
    case 'trace':
    case 'events':
      return words[0] === 'all' || words[0] === 'sources'
        ? all
        : command === 'events'
          ? { needs: [need('list', every('events'))], home }
          : of(reads)
    case 'reconcile':
      if (line.flags.has('with-source'))
        line.notes.push({ code: 'partial', sentence: 'With --with-source flux also patches the source of the object.' })
      return of((target) => [...reads(target), need('patch', target)])
    case 'suspend':
    case 'resume':
      return of((target) => [...reads(target), need('patch', target)])
    case 'delete':
      return of((target) => [...reads(target), need('delete', target)])
    case 'create':
      return of((target) => [need('get', target), need('create', { ...target, isOne: false }), need('update', target)])
    case 'logs':
      return { needs: logs(), home }
    case 'check':
    case 'version':
    case 'completion':
    case 'build':
    case 'diff':
    case 'stats':
    case 'bootstrap':
    case 'install':
    case 'uninstall':
      if (!/version|completion/.test(command))
        line.notes.push({ code: 'other-program', sentence: `The permissions that flux ${command} needs aren't known.` })
      return { needs: [], home }
    default:
      return null
  }
}
