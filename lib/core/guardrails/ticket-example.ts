// An example of a ticket for people, because a regular expression means nothing to most of them.
import { RE2JS } from 're2js'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const digits = '1234567890'

/** A part of a simple pattern: a character, an escaped character or class, or a set; and how often it is repeated. */
const part =
  /(?:\[(?<set>[A-Za-z0-9_-]{1,40})\]|\\(?<escaped>[dw./#:_-])|(?<plain>[A-Za-z0-9 #/:_-]))(?:\{(?<count>\d{1,2})(?:,\d{0,2})?\}|(?<sign>[+*?]))?/y

/** The characters of a set from which an example takes its own. Letters come before digits. */
function charactersOf(set: string): string {
  if (set.includes('A-Z')) return letters
  if (set.includes('a-z')) return letters.toLowerCase()
  return set.includes('0-9') ? digits : set.replace(/(.)-(.)/g, '$1')
}

const escapes: Record<string, string> = { d: digits, w: letters }

/** A text that a simple pattern matches, such as `ABC-123` for `^[A-Z]+-[0-9]+$`; undefined for any other pattern. */
function fromPattern(pattern: string): string | undefined {
  const body = pattern.replace(/^\^/, '').replace(/\$$/, '')
  let example = ''
  part.lastIndex = 0
  while (part.lastIndex < body.length) {
    const found = part.exec(body)?.groups
    if (!found) return undefined
    const { set, escaped, plain, count, sign } = found
    const from = set ? charactersOf(set) : escaped ? (escapes[escaped] ?? escaped) : (plain ?? '')
    const isOpen = sign === '+' || sign === '*'
    const length = count ? Number(count) : isOpen && from.length > 1 ? 3 : 1
    for (let at = 0; at < length; at++) example += from[at % from.length]
  }
  return example
}

/** The patterns of an entitlement's ticket. */
export const patternsOf = ({ pattern }: { pattern?: string | undefined }): string[] =>
  pattern === undefined ? [] : [pattern]

/** What a ticket has to be, as the end of a sentence: `look like PAY-123`. */
export function ticketFormat(pattern: string, given?: string): string {
  const example = ticketExample([pattern], given)
  return example === null ? `match ${pattern}` : `look like ${example}`
}

/**
 * An example that matches all of these RE2 patterns: the one that the configuration gives, or one made from a simple
 * pattern. Null where there is none.
 */
export function ticketExample(patterns: readonly string[], given: string | undefined): string | null {
  const candidates = [given, ...patterns.map(fromPattern)]
  const matches = (example: string) => patterns.every((pattern) => RE2JS.compile(pattern).matcher(example).find())
  return candidates.find((example) => example !== undefined && example !== '' && matches(example)) ?? null
}
