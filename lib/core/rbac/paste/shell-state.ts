// What the shell reader knows while it reads a text, and its smallest steps.
import { type Gap, markGap } from './gaps.ts'
import type { HereDocuments } from './here-documents.ts'

export type Command = {
  words: string[]
  /** The here-document or here-string that the command reads. */
  input: string
  /** The command whose output it reads. */
  from: Command | null
  /** The gaps of this paste, for `gapOf` and `shown`. */
  gaps: Gap[]
}

/** How many words of a paste are read. A typed command has a few dozen. */
export const maxWords = 4000

/** How deeply commands in `$(…)` are read. */
export const maxDepth = 8

export type Shell = {
  text: string
  at: number
  commands: Command[]
  gaps: Gap[]
  /** The commands in each gap of the form `$(…)`, so that its reader knows what fills it. */
  inside: Map<Gap, Command[]>
  documents: HereDocuments
  words: number
  depth: number
  isCut: boolean
}

export function skipSpaces(shell: Shell) {
  while (shell.text[shell.at] === ' ' || shell.text[shell.at] === '\t') shell.at++
}

/** Adds the gap that the notation describes, and moves behind it. */
export function fill(shell: Shell, { end, ...gap }: Gap & { end: number }): string {
  shell.at = end
  return markGap(shell.gaps, gap)
}

/** Characters that mean only themselves, in a word and in quotes. */
export const plainInWord = /[\w./:=,+~-]+/y
export const plainInQuotes = /[^"'\\$`<{[%@#‹«〈⟨＜]+/y

/** Reads a run of them; '' where there is none. */
export function plainRun(shell: Shell, pattern: RegExp): string {
  pattern.lastIndex = shell.at
  const [run = ''] = pattern.exec(shell.text) ?? []
  shell.at += run.length
  return run
}

export const emptyCommand = ({ gaps }: Shell): Command => ({ words: [], input: '', from: null, gaps })
