import { type FilterKey, filterKeys, formatFilter } from './filter-terms.ts'

/** The values that can be suggested for each key of the filter. */
export type FilterValues = Partial<Record<FilterKey, string[]>>

const mostSuggestions = 50

/** Where the term at the caret starts and ends; a quoted value is one term. Between terms it is empty. */
function termAt(text: string, caret: number): { start: number; end: number } {
  for (const { 0: term, index } of text.matchAll(/(?:[a-z]{1,16}:)?"[^"]*"?|\S+/g))
    if (index < caret && caret <= index + term.length) return { start: index, end: index + term.length }
  return { start: caret, end: caret }
}

const hasPrefix = (typed: string) => (text: string) => text.toLowerCase().startsWith(typed)

/**
 * The terms that can replace the one at the caret: keys that the filter lacks, and values of the typed key. A word without
 * a key finds the values of all keys.
 */
export function suggestTerms(text: string, caret: number, values: FilterValues): string[] {
  const { start } = termAt(text, caret)
  const typed = text.slice(start, caret).toLowerCase()
  const terms = (key: FilterKey, part: string) =>
    (values[key] ?? [])
      .filter((value) => value.toLowerCase().includes(part))
      .sort((a, b) => Number(hasPrefix(part)(b)) - Number(hasPrefix(part)(a)))
      .map((value) => formatFilter({ [key]: value }))
  const key = filterKeys.find((one) => typed.startsWith(`${one}:`))
  if (key) return terms(key, typed.slice(key.length + 1).replaceAll('"', '')).slice(0, mostSuggestions)
  // Words need no key.
  const keys = filterKeys
    .filter((one) => one !== 'text' && hasPrefix(typed)(one) && !text.includes(`${one}:`))
    .map((one) => `${one}:`)
  return [...keys, ...(typed ? filterKeys.flatMap((one) => terms(one, typed)) : [])].slice(0, mostSuggestions)
}

/** The text and the caret after a suggestion replaced the term at the caret. The value of a key follows it without a space. */
export function replaceTerm(text: string, caret: number, term: string): { text: string; caret: number } {
  const { start, end } = termAt(text, caret)
  const before = text.slice(0, start) + (term.endsWith(':') ? term : `${term} `)
  return { text: before + text.slice(end).trimStart(), caret: before.length }
}
