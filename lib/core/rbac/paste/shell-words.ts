// A pasted command line, taken apart as a shell would: into commands, and each into words.

export type Command = {
  words: string[]
  /** What `<<` gives it to read. */
  input: string
  /** A word holds something that only a shell could fill in, such as `$POD`. */
  hasBlanks: boolean
}

/** How many words of a paste are looked at; a command that somebody typed has a few dozen. */
const maxWords = 2000

type State = { text: string; at: number; commands: Command[]; count: number }

const blank = (): Command => ({ words: [], input: '', hasBlanks: false })

function endCommand(state: State): Command {
  const current = state.commands.at(-1)
  if (current && current.words.length === 0 && current.input === '') return current
  const next = blank()
  state.commands.push(next)
  return next
}

/** A quoted part; `at` stands after its opening quote and is moved behind the closing one, or to the end. */
function quotedPart(state: State, quote: string, command: Command): string {
  let part = ''
  for (; state.at < state.text.length; state.at++) {
    const char = state.text[state.at] ?? ''
    if (char === quote) {
      state.at++
      break
    }
    if (quote === '"' && char === '\\' && /["\\$`\n]/.test(state.text[state.at + 1] ?? '')) state.at++
    else if (quote === '"' && (char === '$' || char === '`')) command.hasBlanks = true
    part += state.text[state.at] ?? ''
  }
  return part
}

/** The text between a here-document's marks: from the next line to one that is the mark alone. */
function hereDocument(state: State, mark: string, after: number): string {
  const start = state.text.indexOf('\n', after)
  if (start < 0) return ''
  const lines = state.text.slice(start + 1).split('\n')
  const end = lines.findIndex((line) => line.trim() === mark)
  const body = lines.slice(0, end < 0 ? lines.length : end).join('\n')
  // What follows on the first line still belongs to the command; the body is taken out.
  const rest = end < 0 ? '' : lines.slice(end + 1).join('\n')
  state.text = `${state.text.slice(0, start)}\n${rest}`
  return body
}

/** One word; undefined where an operator or the end of the line stands. */
function word(state: State, command: Command): string | undefined {
  let value: string | undefined
  while (state.at < state.text.length) {
    const char = state.text[state.at] ?? ''
    if (/[\s;|&<>()]/.test(char)) break
    state.at++
    if (char === '\\' && state.text[state.at] === '\n') {
      state.at++
      if (value === undefined) skipBlanks(state)
      continue
    }
    value ??= ''
    if (char === "'" || char === '"') value += quotedPart(state, char, command)
    else if (char === '\\') {
      value += state.text[state.at] ?? ''
      state.at++
    } else {
      if (char === '$' || char === '`') command.hasBlanks = true
      value += char
    }
  }
  return value
}

function operator(state: State, command: Command): Command {
  const char = state.text[state.at] ?? ''
  if (char === '<' && state.text.startsWith('<<', state.at) && !state.text.startsWith('<<<', state.at)) {
    state.at += state.text[state.at + 2] === '-' ? 3 : 2
    skipBlanks(state)
    const mark = word(state, command)
    if (mark && command.input === '') command.input = hereDocument(state, mark, state.at)
    return command
  }
  state.at++
  if (char === '<' || char === '>') {
    // The file that is read or written, and `2>&1`.
    while (/[<>&]/.test(state.text[state.at] ?? '')) state.at++
    skipBlanks(state)
    word(state, command)
    if (/^\d$/.test(command.words.at(-1) ?? '')) command.words.pop()
    return command
  }
  return endCommand(state)
}

function skipBlanks(state: State) {
  while (state.text[state.at] === ' ' || state.text[state.at] === '\t') state.at++
}

/**
 * The commands of a text, in order: split at pipes, `;`, `&&` and line ends, with quotes taken off and `\` at a line's
 * end followed. Comments are left out. Never throws; looks at each character once.
 */
export function commandsOf(text: string): Command[] {
  const state: State = { text: text.replaceAll('\r\n', '\n'), at: 0, commands: [blank()], count: 0 }
  let command = state.commands[0] ?? blank()
  while (state.at < state.text.length && state.count < maxWords) {
    skipBlanks(state)
    const char = state.text[state.at]
    if (char === '#' && command.words.length > 0) {
      const end = state.text.indexOf('\n', state.at)
      state.at = end < 0 ? state.text.length : end
      continue
    }
    const found = word(state, command)
    if (found === undefined) {
      if (state.at < state.text.length) command = operator(state, command)
    } else {
      command.words.push(found)
      state.count++
    }
  }
  return state.commands.filter(({ words }) => words.length > 0)
}
