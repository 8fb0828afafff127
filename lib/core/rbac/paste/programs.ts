// Which program a command runs: kubectl behind prompts, keywords and wrappers such as sudo, or a command inside `sh -c`.
import { type Gap, hasGap, withGaps } from './gaps.ts'

const kubectlNames = new Set(['kubectl', 'kubectl.exe', 'k', 'kc', 'kubecolor', 'oc', 'microk8s.kubectl'])

/** Other programs that reach a cluster; other-programs.ts knows what they need. */
const otherNames = new Set(['helm', 'stern', 'k9s', 'flux', 'argocd', 'velero', 'kubens', 'kubectx'])

export type Program = 'kubectl' | 'oc' | 'helm' | 'stern' | 'k9s' | 'flux' | 'argocd' | 'velero' | 'kubens' | 'kubectx'

/** `/usr/bin/kubectl`, `Kubectl`, `bitnami/kubectl:latest`, `$KUBECTL`. */
export function programOf(word: string, gaps: readonly Gap[]): Program | undefined {
  const text = hasGap(word) ? withGaps(word, gaps).replace(/[^\w./-]/g, '') : word
  const [name = ''] = text
    .slice(text.lastIndexOf('/') + 1)
    .toLowerCase()
    .split(':', 1)
  if (name === 'oc') return 'oc'
  // A variable or a placeholder with so short a name means something else.
  if (kubectlNames.has(name)) return hasGap(word) && name.length < 5 ? undefined : 'kubectl'
  return otherNames.has(name) && !hasGap(word) ? (name as Program) : undefined
}

/** Shell keywords in front of a command. */
const keywords = new Set(['if', 'then', 'elif', 'else', 'while', 'until', 'do', '!', '{', '}', 'done', 'fi', '-exec'])

/** Programs that run the command behind them. */
const wrappers = new Set([
  ...[
    'sudo',
    'doas',
    'env',
    'time',
    'command',
    'exec',
    'nohup',
    'watch',
    'xargs',
    'timeout',
    'nice',
    'retry',
    'parallel',
  ],
  ...[
    'k3s',
    'k0s',
    'rke2',
    'microk8s',
    'minikube',
    'docker',
    'podman',
    'nerdctl',
    'ssh',
    'vagrant',
    'multipass',
    'tsh',
  ],
  ...[
    'aws-vault',
    'op',
    'chroot',
    'nsenter',
    'find',
    'run',
    'sh',
    'bash',
    'zsh',
    'ash',
    'dash',
    'su',
    'eval',
    'call',
    'start',
  ],
])

const prompt = /^(?:[$#%>❯➜»›λ▶→]|.{0,100}[@:].{0,100}[$#%>❯])$/u
const assignment = /^[A-Za-z_]\w{0,100}=/

/** How far behind a wrapper its command is looked for: `sudo -u root`, `docker run --rm -v … image`. */
const maxWrapping = 16

export type Run = {
  program: Program
  words: string[]
  /** Whether a pipe fills in words, and where: `xargs`, `xargs -I {}`. */
  xargs: { replaced: string | null } | null
}

type Unwrapped = { run: Run } | { nested: string } | undefined

/** The string that `xargs -I` replaces; null where xargs appends its words. */
function replacedBy(flags: readonly string[], wrapper: string): string | null {
  const at = flags.findIndex((word) => /^-I|^--replace|^-i/.test(word))
  if (at < 0) return wrapper === 'xargs' ? null : '{}'
  const value = (flags[at] ?? '').replace(/^-I|^--replace=?|^-i/, '')
  return value || (flags[at + 1] ?? '{}')
}

/** The first word of the command itself, behind prompts, keywords and assignments. */
export function commandStart(words: readonly string[]): number {
  let at = 0
  while (at < words.length) {
    const word = words[at] ?? ''
    if (!prompt.test(word) && !keywords.has(word) && !assignment.test(word)) break
    at++
  }
  return at
}

const mentionsProgram = /(?:^|[\s;|&(/])(?:kubectl|oc|helm)\s/i

/** The program that a command runs, or the script that it runs as a text (`sh -c '…'`); undefined for all others. */
export function unwrap(words: readonly string[], gaps: readonly Gap[]): Unwrapped {
  const start = commandStart(words)
  const first = programOf(words[start] ?? '', gaps)
  if (first) return { run: { program: first, words: words.slice(start + 1), xargs: null } }
  const wrapper = words[start] ?? ''
  if (!wrappers.has(wrapper)) return undefined
  let isXargs = false
  for (let at = start; at < Math.min(words.length, start + maxWrapping); at++) {
    const word = words[at] ?? ''
    if (word === 'xargs' || word === 'parallel' || word === '-exec') isXargs = true
    if (at === start) continue
    if (/\s/.test(word) && mentionsProgram.test(word)) return { nested: word }
    const program = programOf(word, gaps)
    // NB: `k` and `oc` may be a value of the wrapper's flag.
    if (!program || word.length < 2) continue
    const replaced = isXargs ? replacedBy(words.slice(start, at), wrapper) : null
    return { run: { program, words: words.slice(at + 1), xargs: isXargs ? { replaced } : null } }
  }
  return undefined
}
