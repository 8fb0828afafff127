// Sorts the words of a command of another program than kubectl, whose flags are not known one by one.
import type { Gap } from './gaps.ts'
import type { Need } from './kubectl-target.ts'
import type { Note } from './needed-permissions.ts'

export type ProgramLine = {
  positional: string[]
  /** By name, without dashes. A flag without a value has 'true'. */
  flags: Map<string, string>
  gaps: Gap[]
  notes: Note[]
}

/** `home` is the namespace in which the program acts without a flag; null where the words are no command of it. */
export type ProgramReader = (line: ProgramLine) => { needs: Need[]; home: string | undefined } | null

/** Flags without a value; every other flag takes the next word. */
const switches = new Set([
  ...['A', 'all-namespaces', 'install', 'i', 'wait', 'atomic', 'debug', 'dry-run', 'create-namespace', 'a', 'all', 'q'],
  ...[
    'reuse-values',
    'reset-values',
    'force',
    'h',
    'help',
    'devel',
    'cleanup-on-fail',
    'skip-crds',
    'no-hooks',
    'short',
  ],
  ...['with-source', 'follow', 'f', 'confirm', 'details', 'failed', 'pending', 'wait-for-jobs', 'keep-history', 'core'],
  ...[
    'no-headers',
    'readonly',
    'write',
    'tree',
    'silent',
    's',
    'live',
    'insecure',
    'grpc-web',
    'prune',
    'timestamps',
    't',
  ],
])

export function wordsOf(words: readonly string[]): Pick<ProgramLine, 'positional' | 'flags'> {
  const positional: string[] = []
  const flags = new Map<string, string>()
  for (let at = 0; at < words.length; at++) {
    const word = (words[at] ?? '').replace(/^[–—](?=.$|.=)/, '-').replace(/^[–—]/, '--')
    if (!/^-{1,2}\w/.test(word)) {
      positional.push(word)
      continue
    }
    const [name = '', ...value] = word.replace(/^-{1,2}/, '').split('=')
    const next = words[at + 1]
    if (value.length > 0) flags.set(name, value.join('='))
    else if (switches.has(name) || next === undefined || next.startsWith('-')) flags.set(name, 'true')
    else {
      flags.set(name, next)
      at++
    }
  }
  return { positional, flags }
}
