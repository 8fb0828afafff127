import leven from 'leven'

/** Longer texts are not typing mistakes, and comparing them costs time. */
const maxLength = 64

/** Case, dashes and underscores do not make a difference: `client_id` is `clientId`. */
const normalize = (text: string) => text.toLowerCase().replace(/[-_]/g, '')

/** The text with each pair of neighbouring characters swapped. */
const swapsOf = (text: string): string[] =>
  Array.from(text.slice(1), (character, at) => text.slice(0, at) + character + text[at] + text.slice(at + 2))

/**
 * The number of edits between two texts. Swapping two neighbours, as in `naem`, is one edit; Levenshtein counts two.
 */
const distance = (from: string, to: string) =>
  Math.min(leven(from, to), ...swapsOf(from).map((swapped) => 1 + leven(swapped, to)))

/** The known word that was probably meant: at most a third of its letters differ, or one letter of a short word. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > maxLength) return undefined
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(normalize(word), normalize(candidate)) }))
    .sort((a, b) => a.edits - b.edits)
  const [best] = ranked
  return best && best.edits <= Math.max(1, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined
}
