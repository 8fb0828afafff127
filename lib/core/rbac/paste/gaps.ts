// Parts of a command that the text does not contain, in the notation of people and shells: `<name>`, `{{ pod }}`, `$POD`,
// `$(…)`, `...`. In a word each is one private-use character, so that it is neither a name nor shell syntax.

export type Gap = {
  /** As the text has it. */
  label: string
  /** The shell variable that fills it. */
  variable?: string
  /** The kinds of objects whose names fill it, where another command of the paste lists them. */
  kinds?: string[]
  /** A list of words that may be empty: `...` and `[flags]`. */
  isRest?: boolean
}

const firstMark = 0xe000
const maxGaps = 4096

/** Adds a gap and returns the character that represents it. */
export function markGap(gaps: Gap[], gap: Gap): string {
  if (gaps.length < maxGaps) gaps.push(gap)
  return String.fromCharCode(firstMark + gaps.length - 1)
}

export const hasGap = (word: string) => /[\uE000-\uEFFF]/.test(word)

/** The gap that is the whole word; undefined where it is only a part of it. */
export const gapOf = (word: string, gaps: readonly Gap[]): Gap | undefined =>
  word.length === 1 && hasGap(word) ? gaps[word.charCodeAt(0) - firstMark] : undefined

export const gapsIn = (word: string, gaps: readonly Gap[]): Gap[] =>
  [...word].flatMap((char) => (hasGap(char) ? (gaps[char.charCodeAt(0) - firstMark] ?? []) : []))

/** Replaces every gap of a word, by its label unless another text is given. */
export const withGaps = (word: string, gaps: readonly Gap[], text = (gap: Gap) => gap.label): string =>
  word.replace(/[\uE000-\uEFFF]/g, (char) => {
    const gap = gaps[char.charCodeAt(0) - firstMark]
    return gap ? text(gap) : ''
  })

/** A pasted word, cut to a length that can be shown. */
export function shown(word: string, gaps: readonly Gap[] = []): string {
  const text = withGaps(word, gaps)
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`
}
