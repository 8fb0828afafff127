// Splits a pasted command line as a shell would: into commands, and each command into words.
// NB: the package shell-quote cannot replace this. It drops the line ends that separate commands, knows no here-documents,
// takes all lines behind a `#` for the comment, and throws on `${`.

export type Command = {
  words: string[]
  /** The here-document that the command reads. */
  input: string
}

/** How many words of a paste are read. A typed command has a few dozen. */
const maxWords = 2000

type State = { text: string; at: number; commands: Command[]; count: number }

const emptyCommand = (): Command => ({ words: [], input: '' })

function endCommand(state: State): Command {
  const current = state.commands.at(-1)
  if (current && current.words.length === 0 && current.input === '') return current
  const next = emptyCommand()
  state.commands.push(next)
  return next
}

/** Reads a quoted part. `at` is behind the opening quote and moves behind the closing one, or to the end. */
function quotedPart(state: State, quote: string): string {
  let part = ''
  for (; state.at < state.text.length; state.at++) {
    const char = state.text[state.at] ?? ''
    if (char === quote) {
      state.at++
      break
    }
    if (quote === '"' && char === '\\' && /["\\$`\n]/.test(state.text[state.at + 1] ?? '')) state.at++
    part += state.text[state.at] ?? ''
  }
  return part
}

/** The body of a here-document: from the next line to the line that consists of the mark. */
function hereDocument(state: State, mark: string, after: number): string {
  const start = state.text.indexOf('\n', after)
  if (start < 0) return ''
  const lines = state.text.slice(start + 1).split('\n')
  const end = lines.findIndex((line) => line.trim() === mark)
  const body = lines.slice(0, end < 0 ? lines.length : end).join('\n')
  // The rest of the first line still belongs to the command, so only the body is removed.
  const rest = end < 0 ? '' : lines.slice(end + 1).join('\n')
  state.text = `${state.text.slice(0, start)}\n${rest}`
  return body
}

/** Reads one word; undefined at an operator and at the end of a line. */
function word(state: State): string | undefined {
  let value: string | undefined
  while (state.at < state.text.length) {
    const char = state.text[state.at] ?? ''
    if (/[\s;|&<>()]/.test(char)) break
    state.at++
    if (char === '\\' && state.text[state.at] === '\n') {
      state.at++
      if (value === undefined) skipSpaces(state)
      continue
    }
    value ??= ''
    if (char === "'" || char === '"') value += quotedPart(state, char)
    else if (char === '\\') {
      value += state.text[state.at] ?? ''
      state.at++
    } else value += char
  }
  return value
}

function operator(state: State, command: Command): Command {
  const char = state.text[state.at] ?? ''
  if (char === '<' && state.text.startsWith('<<', state.at) && !state.text.startsWith('<<<', state.at)) {
    state.at += state.text[state.at + 2] === '-' ? 3 : 2
    skipSpaces(state)
    const mark = word(state)
    if (mark && command.input === '') command.input = hereDocument(state, mark, state.at)
    return command
  }
  state.at++
  if (char === '<' || char === '>') {
    // A redirection's file, and `2>&1`.
    while (/[<>&]/.test(state.text[state.at] ?? '')) state.at++
    skipSpaces(state)
    word(state)
    if (/^\d$/.test(command.words.at(-1) ?? '')) command.words.pop()
    return command
  }
  return endCommand(state)
}

function skipSpaces(state: State) {
  while (state.text[state.at] === ' ' || state.text[state.at] === '\t') state.at++
}

/**
 * The commands of a text, in order: split at pipes, `;`, `&&` and line ends, without quotes and comments, and with lines
 * joined at a trailing `\`. Never throws, and reads each character once.
 */
export function commandsOf(text: string): Command[] {
  const state: State = { text: text.replaceAll('\r\n', '\n'), at: 0, commands: [emptyCommand()], count: 0 }
  let command = state.commands[0] ?? emptyCommand()
  while (state.at < state.text.length && state.count < maxWords) {
    skipSpaces(state)
    const char = state.text[state.at]
    if (char === '#' && command.words.length > 0) {
      const end = state.text.indexOf('\n', state.at)
      state.at = end < 0 ? state.text.length : end
      continue
    }
    const found = word(state)
    if (found === undefined) {
      if (state.at < state.text.length) command = operator(state, command)
    } else {
      command.words.push(found)
      state.count++
    }
  }
  return state.commands.filter(({ words }) => words.length > 0)
}
