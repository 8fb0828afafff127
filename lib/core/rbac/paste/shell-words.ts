// Splits a pasted script as a shell would: into commands, and each command into words. What a shell or a person fills in
// becomes a gap.
// NB: the package shell-quote cannot replace this. It drops the line ends that separate commands, knows no here-documents,
// takes all lines behind a `#` for the comment, and throws on `${`.
import { type Gap, markGap, withGaps } from './gaps.ts'
import { hereDocumentsOf } from './here-documents.ts'
import { notationAt, variableAt } from './notation.ts'
import {
  type Command,
  emptyCommand,
  fill,
  maxDepth,
  maxWords,
  plainInQuotes,
  plainInWord,
  plainRun,
  type Shell,
  skipSpaces,
} from './shell-state.ts'

/** Reads the commands of `$(…)` or of backquotes as commands of their own; their output is a gap. */
function substitution(shell: Shell, start: number, read: () => void): string {
  const before = shell.commands.length
  const opening = shell.at
  shell.depth++
  read()
  shell.depth--
  const label = shell.text.slice(start, Math.min(shell.at, opening + 40))
  const gap: Gap = { label: shell.at > opening + 40 ? `${label}…` : label }
  shell.inside.set(gap, shell.commands.slice(before))
  return markGap(shell.gaps, gap)
}

/** `$POD`, `$(…)`, `` `…` `` and `<(…)`; undefined where the character is ordinary. */
function expansion(shell: Shell): string | undefined {
  const { text, at } = shell
  const char = text[at]
  if (char === '$' || char === '<' || char === '>') {
    const variable = char === '$' ? variableAt(text, at) : undefined
    if (variable) return fill(shell, variable)
    const sum = text.startsWith('$((', at) ? text.slice(at, at + 120).indexOf('))') : -1
    if (sum >= 0) return fill(shell, { label: text.slice(at, at + sum + 2), end: at + sum + 2 })
    if (text[at + 1] !== '(' || shell.depth >= maxDepth) return undefined
    shell.at += 2
    return substitution(shell, at, () => readList(shell, ')'))
  }
  if (char !== '`' || shell.depth >= maxDepth) return undefined
  const end = text.indexOf('`', at + 1)
  if (end < 0) return undefined
  // The inner text ends at the backquote, not at the end of an unclosed quote.
  const inner: Shell = { ...shell, text: text.slice(0, end), at: at + 1, depth: shell.depth + 1 }
  return substitution(shell, at, () => {
    readList(inner, '')
    shell.words = inner.words
    shell.isCut ||= inner.isCut
    shell.at = end + 1
  })
}

/** An apostrophe, or a quote that closes only behind other commands. Reading it as a quote would hide those. */
function isStray(shell: Shell, quote: string, isArgument: boolean): boolean {
  const { text, at } = shell
  const before = text[at - 1] ?? ''
  if (quote === "'" && /\p{L}/u.test(before) && /[\p{L} ]/u.test(text[at + 1] ?? ' ')) return true
  const end = text.indexOf(quote, at + 1)
  // Without its partner, it starts a text that was cut off, or ends one whose beginning was.
  return end < 0 ? !isArgument : shell.documents.hidesCommand(at, end)
}

/** Reads a quoted part. `at` is at the opening quote and moves behind the closing one, or to the end of an unclosed line. */
function quotedPart(shell: Shell, quote: string): string {
  let part = ''
  shell.at++
  if (!shell.text.includes(quote, shell.at)) {
    const end = shell.text.indexOf('\n', shell.at)
    part = shell.text.slice(shell.at, end < 0 ? undefined : end)
    shell.at += part.length
    return part
  }
  while (shell.at < shell.text.length) {
    part += plainRun(shell, plainInQuotes)
    const char = shell.text[shell.at] ?? ''
    if (char === quote) {
      shell.at++
      break
    }
    if (quote === '"' && char === '\\' && /["\\$`\n]/.test(shell.text[shell.at + 1] ?? '')) {
      part += shell.text[shell.at + 1]
      shell.at += 2
      continue
    }
    const open = notationAt(shell.text, shell.at, true, false)
    const found = open ? fill(shell, open) : quote === '"' ? expansion(shell) : undefined
    if (found === undefined) shell.at++
    part += found ?? char
  }
  return part
}

/** `#{name}` is a placeholder. */
const isComment = ({ text, at }: Shell) => text[at] === '#' && text[at + 1] !== '{'

/** Reads one word; undefined at an operator and at the end of a line. */
function word(shell: Shell, isArgument: boolean): string | undefined {
  let value: string | undefined
  while (shell.at < shell.text.length) {
    const run = plainRun(shell, plainInWord)
    if (run !== '') {
      value = (value ?? '') + run
      continue
    }
    const char = shell.text[shell.at] ?? ''
    const open = notationAt(shell.text, shell.at, value === undefined, isArgument)
    const found = open ? fill(shell, open) : expansion(shell)
    if (found !== undefined) {
      value = (value ?? '') + found
      continue
    }
    // Behind a `\` at the end of a line, a comment may follow.
    if (/[\s;|&<>()]/.test(char) || (value === undefined && isComment(shell))) break
    if ((char === '\\' || char === '`') && shell.text[shell.at + 1] === '\n') {
      shell.at += 2
      if (value === undefined) skipSpaces(shell)
      continue
    }
    value ??= ''
    if ((char === "'" || char === '"') && !isStray(shell, char, isArgument)) value += quotedPart(shell, char)
    else if (char === '\\') {
      value += shell.text[shell.at + 1] ?? ''
      shell.at += 2
    } else {
      // `$'…'` and a backquote without its partner.
      if (char !== '`' && !(char === '$' && /['"]/.test(shell.text[shell.at + 1] ?? ''))) value += char
      shell.at++
    }
  }
  return value
}

function endCommand(shell: Shell, current: Command): Command {
  if (current.words.length === 0 && current.input === '') return current
  shell.commands.push(current)
  return emptyCommand(shell)
}

/** Reads an operator: a redirection belongs to the command, anything else ends it. */
function operator(shell: Shell, command: Command): Command {
  const { text, at } = shell
  const char = text[at] ?? ''
  if (char === '<' || char === '>') {
    const isDocument = text.startsWith('<<', at)
    const isString = text.startsWith('<<<', at)
    // `2>&1`, `>>`, `<<-`
    while (/[<>&]/.test(shell.text[shell.at] ?? '')) shell.at++
    if (isDocument && text[shell.at] === '-') shell.at++
    skipSpaces(shell)
    const target = word(shell, false) ?? ''
    if (isString) command.input = withGaps(target, shell.gaps)
    else if (isDocument && target) command.input ||= shell.documents.open(target, shell.at)
    else if (/^\d$/.test(command.words.at(-1) ?? '') && /\d/.test(text[at - 1] ?? '')) command.words.pop()
    return command
  }
  shell.at++
  if (char === '\n') shell.at = shell.documents.endOfLine(shell.at)
  const next = endCommand(shell, command)
  const isPipe = char === '|' && text[at + 1] !== '|' && text[at - 1] !== '|'
  if (isPipe && next !== command) next.from = command
  return next
}

/** Reads commands up to the closing character of a substitution, or to the end. */
function readList(shell: Shell, closing: string) {
  let command = emptyCommand(shell)
  let groups = 0
  while (shell.at < shell.text.length) {
    skipSpaces(shell)
    const char = shell.text[shell.at]
    if (char === '(') groups++
    if (char === ')' && closing === ')' && groups-- === 0) {
      shell.at++
      break
    }
    if (isComment(shell)) {
      const end = shell.text.indexOf('\n', shell.at)
      shell.at = end < 0 ? shell.text.length : end
      continue
    }
    const found = word(shell, command.words.length > 0)
    if (found === undefined) {
      if (shell.at < shell.text.length && !isComment(shell)) command = operator(shell, command)
    } else if (shell.words < maxWords) {
      command.words.push(found)
      shell.words++
    } else shell.isCut = true
  }
  endCommand(shell, command)
}

export type Script = { commands: Command[]; inside: ReadonlyMap<Gap, readonly Command[]>; isCut: boolean }

/**
 * The commands of a text, those inside `$(…)` in front of the command that uses their output: split at pipes, `;`, `&&` and
 * line ends, without quotes and comments, and with lines joined at a trailing `\`. Never throws.
 */
export function scriptOf(text: string, gaps: Gap[] = []): Script {
  const clean = text.replaceAll('\r\n', '\n')
  const shell: Shell = {
    ...{ text: clean, at: 0, commands: [], gaps, inside: new Map(), documents: hereDocumentsOf(clean) },
    ...{ words: 0, depth: 0, isCut: false },
  }
  readList(shell, '')
  return { commands: shell.commands, inside: shell.inside, isCut: shell.isCut }
}

export const commandsOf = (text: string): Command[] => scriptOf(text).commands
