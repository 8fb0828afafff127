// The variables that a pasted script sets itself: `NS=shop`, `for n in a b`, `read pod`.
import { type Gap, gapOf, gapsIn, hasGap } from './gaps.ts'
import { commandStart } from './programs.ts'

export type Variable = {
  /** Each text that it may have; null where the script does not say. */
  values: string[] | null
  /** The kinds of objects whose names it has, where a command of the script lists them. */
  kinds?: string[]
}

type Assignment = { name: string; words: string[]; isRead: boolean }

/** A command with variables of many values is read this many times. */
const maxCombinations = 20

const assignment = /^([A-Za-z_]\w{0,100})\+?=(.*)$/s

/** The assignments that a command makes, also those in front of a program. */
export function assignedIn(words: readonly string[], gaps: readonly Gap[]): Assignment[] {
  const start = commandStart(words)
  const leading = words.slice(0, start)
  const [first = '', second = '', third = '', ...rest] = words.slice(start)
  const declared = ['export', 'local', 'declare', 'readonly', 'typeset', 'set'].includes(first)
  const found = (declared ? words.slice(start) : leading).flatMap((word): Assignment[] => {
    const [, name = '', value = ''] = assignment.exec(word) ?? []
    return name === '' ? [] : [{ name, words: [value], isRead: false }]
  })
  if (first === 'for' && third === 'in') found.push({ name: second, words: rest, isRead: false })
  if (first === 'read' && !second.startsWith('-')) found.push({ name: second, words: [], isRead: true })
  if (first === 'read' && second.startsWith('-')) found.push({ name: third, words: [], isRead: true })
  // PowerShell: `$ns = "shop"`.
  const powerShell = gapOf(first, gaps)?.variable
  if (powerShell && second === '=') found.push({ name: powerShell, words: [third], isRead: false })
  return found.filter(({ name }) => name !== '' && !hasGap(name))
}

/** `web-{0,1}` and `web-{0..2}`, as a shell writes them out. */
export function expandBraces(word: string): string[] {
  const [, before = '', inner, after = ''] = /^([^{}]{0,253})\{([\w.,:-]{1,253})\}([^{}]{0,253})$/.exec(word) ?? []
  if (inner === undefined) return [word]
  const [, from, to] = /^(\d{1,6})\.\.(\d{1,6})$/.exec(inner) ?? []
  if (from !== undefined && to !== undefined) {
    const count = Number(to) - Number(from)
    if (count < 0 || count >= maxCombinations) return [word]
    return Array.from({ length: count + 1 }, (_, n) => `${before}${Number(from) + n}${after}`)
  }
  const parts = inner.split(',')
  return parts.length > 1 && parts.length <= maxCombinations ? parts.map((part) => before + part + after) : [word]
}

/**
 * The words with every known variable filled in: once for each combination of its values. A variable whose value is not
 * known stays a gap, with the kinds that are known.
 */
export function withVariables(
  words: readonly string[],
  gaps: readonly Gap[],
  variables: ReadonlyMap<string, Variable>,
): string[][] {
  const braced = words.flatMap(expandBraces)
  const used = new Set(braced.flatMap((word) => gapsIn(word, gaps)).flatMap(({ variable }) => variable ?? []))
  let all: Map<string, string>[] = [new Map()]
  for (const name of used) {
    const values = variables.get(name)?.values
    if (!values || values.length === 0 || all.length * values.length > maxCombinations) continue
    all = all.flatMap((chosen) => values.map((value) => new Map(chosen).set(name, value)))
  }
  for (const gap of braced.flatMap((word) => gapsIn(word, gaps))) {
    const kinds = gap.variable === undefined ? undefined : variables.get(gap.variable)?.kinds
    if (kinds) gap.kinds ??= kinds
  }
  return all.map((chosen) =>
    braced.map((word) => {
      if (!hasGap(word)) return word
      let filled = ''
      for (const char of word) {
        const variable = hasGap(char) ? gapOf(char, gaps)?.variable : undefined
        filled += (variable === undefined ? undefined : chosen.get(variable)) ?? char
      }
      return filled
    }),
  )
}
