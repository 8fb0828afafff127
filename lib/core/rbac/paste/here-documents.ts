// The here-documents of a script, and the lines on which its commands start.

export type HereDocuments = {
  /** The text of a here-document that was opened at this position, up to the line that consists of the mark. */
  open(mark: string, at: number): string
  /** Behind a line end: the position behind the here-documents that were opened on the line. */
  endOfLine(at: number): number
  /** Whether a command starts on one of the lines between two positions. */
  hidesCommand(start: number, end: number): boolean
}

const startsCommand = /^\s{0,20}(?:[$#%>❯] )?(?:sudo )?(?:kubectl|oc|helm)\s/i

/** The first of ascending numbers that is not smaller; undefined where there is none. */
function firstFrom(numbers: readonly number[], least: number): number | undefined {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbers[middle] ?? 0) < least) low = middle + 1
    else high = middle
  }
  return numbers[low]
}

/** Reads the lines once, so that a text with many here-documents costs no more than its length. */
export function hereDocumentsOf(text: string): HereDocuments {
  const starts = new Map<string, number[]>()
  const commands: number[] = []
  let at = 0
  for (const line of text.split('\n')) {
    const key = line.trim()
    const known = starts.get(key)
    if (known) known.push(at)
    else starts.set(key, [at])
    if (startsCommand.test(line)) commands.push(at)
    at += line.length + 1
  }
  let resume = 0
  return {
    open(mark, opened) {
      const line = text.indexOf('\n', opened)
      if (line < 0) return ''
      const start = Math.max(line + 1, resume)
      const end = firstFrom(starts.get(mark) ?? [], start)
      // Where the mark is missing, the document ends in front of the next command.
      const stop = end ?? firstFrom(commands, start) ?? text.length
      const after = end === undefined ? stop : text.indexOf('\n', end)
      resume = after < 0 ? text.length : after
      return text.slice(start, stop)
    },
    endOfLine: (position) => Math.max(position, resume),
    hidesCommand(start, end) {
      const command = firstFrom(commands, start + 1)
      return command !== undefined && command < end
    },
  }
}
