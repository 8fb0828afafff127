// The runs of kubectl and of other cluster programs in a pasted script: in loops, conditions, pipes, substitutions and
// wrappers, with the variables that the script itself sets.
import { readArguments } from './flags.ts'
import { type Gap, gapsIn, hasGap, markGap, withGaps } from './gaps.ts'
import { commandStart, type Program, programOf, unwrap } from './programs.ts'
import { scriptLinesOf } from './script-lines.ts'
import type { Command } from './shell-state.ts'
import { assignedIn, expandBraces, type Variable, withVariables } from './shell-variables.ts'
import { scriptOf } from './shell-words.ts'

export type Invocation = { program: Program; words: string[]; command: Command }

export type PastedScript = {
  /** In the order of the text. Those inside `$(…)` are in front of the command that uses their output. */
  invocations: Invocation[]
  manifests: string[]
  /** The here-documents that other programs read, such as `cat > file.yaml`. */
  documents: string[]
  /** Commands in the middle of a sentence, next to others that have a line of their own. */
  mentioned: string[]
  /** A command may run more than once: in a loop, or by xargs. */
  isRepeated: boolean
  isCut: boolean
}

/** Words that repeat the command behind them. */
const repeats = /\b(?:for\s{1,9}\w{1,60}\s{1,9}in|while|until|xargs|parallel|foreach)\b|-exec\b/i

const maxInvocations = 60
const maxNesting = 4

type Reader = {
  gaps: Gap[]
  inside: Map<Gap, readonly Command[]>
  variables: Map<string, Variable>
  typed: Invocation[]
  /** Commands in the middle of a sentence. */
  mentioned: Invocation[]
  documents: string[]
  isKnown: (program: Program, words: readonly string[]) => boolean
  isCut: boolean
}

/** The kinds of objects that a command lists: `pods` for `kubectl get pods -o name | head -1`. */
function kindsListedBy(commands: readonly (Command | null)[]): string[] | undefined {
  for (let command of commands.toReversed()) {
    for (let steps = 0; command && steps < 20; steps++) {
      const found = unwrap(command.words, command.gaps)
      if (found && 'run' in found) {
        const [verb, kinds = ''] = readArguments(found.run.words).positional
        return verb === 'get' && kinds !== '' && !hasGap(kinds) ? kinds.split(',') : undefined
      }
      command = command.from
    }
  }
  return undefined
}

/** Remembers what fills a variable: the words of a loop, an assigned text, or the objects that a command lists. */
function assign(reader: Reader, command: Command) {
  for (const { name, words, isRead } of assignedIn(command.words, reader.gaps)) {
    const gaps = words.flatMap((word) => gapsIn(word, reader.gaps))
    const kinds = isRead ? kindsListedBy([command.from]) : gaps.map(({ kinds }) => kinds).find(Boolean)
    const values = isRead || gaps.length > 0 ? null : words.flatMap(expandBraces)
    reader.variables.set(name, { values, ...(kinds ? { kinds } : {}) })
  }
}

/** No command has more words in front of its own name. */
const maxLeading = 12

const isKnownAt = (reader: Reader, program: Program, words: readonly string[], at: number) =>
  reader.isKnown(program, words.slice(at + 1, at + 1 + maxLeading))

/** `kubectl` in the middle of a command line, where a paste lost its line ends; -1 where there is none. */
function nextCommand(reader: Reader, words: readonly string[]): number {
  if (['exec', 'run', 'debug', 'rsh'].includes(readArguments(words).positional[0] ?? '')) return -1
  const end = words.indexOf('--')
  const at = words.findIndex(
    (word, n) =>
      n > 0 && /^(?:kubectl|oc)$/i.test(word) && isKnownAt(reader, programOf(word, []) ?? 'kubectl', words, n),
  )
  return end >= 0 && end < at ? -1 : at
}

function add(reader: Reader, list: Invocation[], program: Program, words: readonly string[], command: Command) {
  if (list.length > maxInvocations) return
  const next = program === 'kubectl' || program === 'oc' ? nextCommand(reader, words) : -1
  const own = next < 0 ? [...words] : words.slice(0, next)
  // The prompt of the next line, and the end of `find -exec`.
  while (/^(?:[$#%>❯;+]|\{\})$/.test(own.at(-1) ?? '')) own.pop()
  for (const expanded of withVariables(own, reader.gaps, reader.variables)) {
    if (list.length <= maxInvocations) list.push({ program, words: expanded, command })
  }
  if (next >= 0) add(reader, list, programOf(words[next] ?? '', []) ?? 'kubectl', words.slice(next + 1), command)
}

/** Adds the words that xargs reads from the command in front of it. */
function withPiped(reader: Reader, words: readonly string[], replaced: string | null, command: Command): string[] {
  const kinds = kindsListedBy([command.from])
  const mark = markGap(reader.gaps, { label: replaced ?? 'the input of xargs', ...(kinds ? { kinds } : {}) })
  if (replaced === null) return [...words.filter((word) => word !== '{}'), mark]
  return words.map((word) => word.replaceAll(replaced, mark))
}

/** A command in a sentence: `please run kubectl get pods`, also inside quotation marks. */
function addMentioned(reader: Reader, command: Command, depth: number) {
  const start = commandStart(command.words)
  for (let at = start; at < command.words.length; at++) {
    const word = command.words[at] ?? ''
    const program = /^(?:kubectl|oc|helm|flux)$/i.test(word) ? programOf(word, reader.gaps) : undefined
    if (program && isKnownAt(reader, program, command.words, at)) {
      add(reader, reader.mentioned, program, command.words.slice(at + 1), command)
      return
    }
    if (/^(?:kubectl|oc|helm)\s/i.test(word) && depth < maxNesting) readNested(reader, word, depth + 1)
  }
}

/** What the command runs, unless its first word only looks like a program: `helm is broken`. */
function typedIn(reader: Reader, { words }: Command) {
  const found = unwrap(words, reader.gaps)
  if (!found || !('run' in found)) return found
  const { program, words: rest } = found.run
  const isKubectl = words.some((word) => /kubectl|^oc$/i.test(withGaps(word, reader.gaps)))
  return isKubectl || reader.isKnown(program, rest.slice(0, maxLeading)) ? found : undefined
}

function readNested(reader: Reader, text: string, depth: number) {
  const { commands, inside, isCut } = scriptOf(text, reader.gaps)
  for (const [gap, some] of inside) reader.inside.set(gap, some)
  reader.isCut ||= isCut
  readCommands(reader, commands, depth)
}

function readCommands(reader: Reader, commands: readonly Command[], depth: number) {
  for (const command of commands) {
    for (const gap of command.words.flatMap((word) => gapsIn(word, reader.gaps))) {
      const kinds = kindsListedBy(reader.inside.get(gap) ?? [])
      if (kinds) gap.kinds ??= kinds
    }
    assign(reader, command)
    const found = typedIn(reader, command)
    if (command.input !== '' && !(found && 'run' in found)) reader.documents.push(command.input)
    if (!found) {
      if (!/^(?:echo|printf|grep|alias)$/.test(command.words[0] ?? '')) addMentioned(reader, command, depth)
    } else if ('nested' in found) {
      if (depth < maxNesting) readNested(reader, found.nested, depth + 1)
    } else {
      const { program, words, xargs } = found.run
      const all = xargs ? withPiped(reader, words, xargs.replaced, command) : words
      add(reader, reader.typed, program, all, command)
    }
  }
}

/**
 * @param isKnown whether these words form a command of the program; others are not looked for inside sentences
 */
export function pastedScript(text: string, isKnown: Reader['isKnown']): PastedScript {
  const { script, manifests, comments } = scriptLinesOf(text)
  const reader: Reader = {
    ...{ gaps: [], inside: new Map(), variables: new Map(), typed: [], mentioned: [], documents: [] },
    ...{ isKnown, isCut: false },
  }
  readNested(reader, script, 0)
  // A comment counts only where the text has no other command.
  if (reader.typed.length === 0 && reader.mentioned.length === 0) readNested(reader, comments, 0)
  // NB: kubectl itself mentions commands in its messages, so beside typed commands a mention only becomes a note.
  const isTyped = reader.typed.length > 0
  const all = isTyped ? reader.typed : reader.mentioned
  const texts = (list: readonly Invocation[]) =>
    list.map(({ program, words }) => textOf([program, ...words], reader.gaps))
  const typed = new Set(texts(reader.typed))
  return {
    invocations: all.slice(0, maxInvocations),
    manifests,
    documents: reader.documents,
    mentioned: isTyped ? texts(reader.mentioned).filter((text) => !typed.has(text)) : [],
    isRepeated: repeats.test(script),
    isCut: reader.isCut || all.length > maxInvocations,
  }
}

/** The text of a command's words, as a reader sees it. */
export const textOf = (words: readonly string[], gaps: readonly Gap[]) =>
  words.map((word) => withGaps(word, gaps)).join(' ')
