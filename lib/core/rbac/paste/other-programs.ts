// What other cluster programs need: helm, flux, stern, velero, k9s, argocd. The permissions that a command always needs, and
// an honest sentence about the rest.

import { readFlux } from './flux-commands.ts'
import { type Gap, gapOf, hasGap } from './gaps.ts'
import { readHelm } from './helm-commands.ts'
import { unlistedResource } from './known-resources.ts'
import type { CommandReading } from './kubectl-line.ts'
import { every, type Need, need } from './kubectl-target.ts'
import { isNamespace } from './names.ts'
import { leastRulesFor, type Note, uniqueNotes } from './needed-permissions.ts'
import { isStandIn } from './notation.ts'
import { type ProgramReader, wordsOf } from './program-words.ts'
import type { Program } from './programs.ts'
import type { Invocation, PastedScript } from './script.ts'

const pods = every('pods')

/** Follows the logs of every pod whose name matches. */
const readStern: ProgramReader = ({ positional, flags, notes }) => {
  if (positional.length === 0 && !flags.has('l') && !flags.has('selector')) return null
  if (flags.has('A') || flags.has('all-namespaces'))
    notes.push({
      code: 'all-namespaces',
      sentence: 'With -A stern reads all namespaces at once. Leave that out and name the namespaces you need.',
    })
  return { needs: ['list', 'watch'].map((verb) => need(verb, pods)).concat(need('get', pods, 'log')), home: undefined }
}

const veleroKinds: Record<string, string> = {
  backup: 'backups',
  restore: 'restores',
  schedule: 'schedules',
  'backup-location': 'backupstoragelocations',
  'snapshot-location': 'volumesnapshotlocations',
  repo: 'backuprepositories',
}

const readVelero: ProgramReader = ({ positional, notes }) => {
  const [first = '', second = ''] = positional
  // `velero get backups` and `velero backup get`.
  const isVerbFirst = ['get', 'create', 'describe', 'delete'].includes(first)
  const [what, verb] = isVerbFirst ? [second.replace(/s$/, ''), first] : [first, second]
  const kind = Object.hasOwn(veleroKinds, what) ? veleroKinds[what] : undefined
  if (!kind) {
    if (!['install', 'uninstall', 'version', 'client', 'plugin', 'debug'].includes(first)) return null
    if (first !== 'version' && first !== 'client')
      notes.push({
        code: 'other-program',
        sentence: `velero ${first} is for administrators; its permissions aren't known.`,
      })
    return { needs: [], home: 'velero' }
  }
  const target = { resource: unlistedResource('velero.io', kind), isOne: false, name: '' }
  const other = (resource: string): Need =>
    need('create', { resource: unlistedResource('velero.io', resource), isOne: false, name: '' })
  const needs: Record<string, Need[]> = {
    get: [need('get', target), need('list', target)],
    describe: [need('get', target), need('list', target), other('downloadrequests')],
    create: [
      need('create', target),
      ...(what === 'restore' ? [need('get', { ...target, resource: unlistedResource('velero.io', 'backups') })] : []),
    ],
    delete:
      what === 'backup'
        ? [need('get', target), need('list', target), other('deletebackuprequests')]
        : [need('get', target), need('list', target), need('delete', target)],
    logs: [need('get', target), other('downloadrequests')],
    download: [need('get', target), other('downloadrequests')],
    pause: [need('get', target), need('patch', target)],
    unpause: [need('get', target), need('patch', target)],
    set: [need('get', target), need('patch', target)],
  }
  return Object.hasOwn(needs, verb) ? { needs: needs[verb] ?? [], home: 'velero' } : null
}

const readK9s: ProgramReader = ({ positional, notes }) => {
  if (positional.length > 0) return null
  notes.push({
    code: 'other-program',
    sentence:
      'k9s shows what you may list and does what you may do, so it needs no permission of its own. Paste what it refused, or request a read-only entitlement.',
  })
  return { needs: [], home: undefined }
}

const argoCdCommands = new Set([
  ...[
    'app',
    'appset',
    'proj',
    'repo',
    'repocreds',
    'cluster',
    'login',
    'logout',
    'relogin',
    'account',
    'admin',
    'cert',
  ],
  ...['context', 'gpg', 'configure', 'version', 'completion'],
])

const readArgoCd: ProgramReader = ({ positional, notes }) => {
  if (!argoCdCommands.has(positional[0] ?? '')) return null
  notes.push({
    code: 'argo-cd',
    sentence:
      "argocd calls Argo CD, which has roles of its own (argocd-rbac-cm), so access to the cluster won't help. With --core it needs access to Argo CD's resources in its namespace.",
  })
  return { needs: [], home: undefined }
}

const nothing: ProgramReader = ({ positional }) => (positional.length === 0 ? null : { needs: [], home: undefined })

const readers: Partial<Record<Program, ProgramReader>> = {
  helm: readHelm,
  flux: readFlux,
  stern: readStern,
  velero: readVelero,
  k9s: readK9s,
  argocd: readArgoCd,
  kubens: nothing,
  kubectx: nothing,
}

/** Whether the words are a command of the program; other texts only contain its name. */
export function isOtherCommand(program: Program, words: readonly string[]): boolean {
  const read = readers[program]
  return read !== undefined && read({ ...wordsOf(words), gaps: [], notes: [] }) !== null
}

function namespaceOf(flags: ReadonlyMap<string, string>): string | undefined {
  return flags.get('namespace') ?? flags.get('n')
}

function readOne({ program, words, command }: Invocation) {
  const notes: Note[] = []
  const line = { ...wordsOf(words), gaps: command.gaps as Gap[], notes }
  line.positional = line.positional.filter((word) => !gapOf(word, command.gaps)?.isRest)
  const found = readers[program]?.(line)
  if (!found) return null
  const given = namespaceOf(line.flags)
  const isOpen = given !== undefined && (!isNamespace(given) || hasGap(given) || isStandIn(given))
  if (isOpen && found.needs.length > 0)
    notes.push({ code: 'unknown-namespace', sentence: 'The namespace is a placeholder. Choose the namespace.' })
  const place = isOpen ? undefined : (given ?? found.home)
  const context = line.flags.get('kube-context') ?? line.flags.get('kubecontext') ?? line.flags.get('context') ?? null
  return { needs: found.needs, notes, place, context: context !== null && !hasGap(context) ? context : null }
}

/** Reads the commands of other programs in a script; null where it has none. */
export function readOtherPrograms({ invocations }: PastedScript): CommandReading | null {
  const read = invocations
    .filter(({ program }) => program !== 'kubectl' && program !== 'oc')
    .flatMap((invocation) => readOne(invocation) ?? [])
  if (read.length === 0) return null
  const needs = read.flatMap((one) => one.needs)
  const rulesOf = (isInside: boolean) =>
    leastRulesFor(
      needs
        .filter(({ resource }) => resource.namespaced === isInside)
        .map((one) => ({ ...one, group: one.resource.group, resource: one.resource.resource })),
    )
  return {
    ...{ rules: rulesOf(true), clusterRules: rulesOf(false), allNamespaces: false },
    namespaces: [...new Set(read.flatMap(({ place }) => place ?? []))],
    context: read.map(({ context }) => context).find((context) => context !== null) ?? null,
    notes: uniqueNotes(read.flatMap(({ notes }) => notes)),
  }
}
