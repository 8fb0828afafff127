// The ways to read a pasted refusal: unchanged, without the quoting that a program added, and with the lines joined that a
// terminal broke. Every step is linear, and a longer text is cut at the limit.
import { cleanText, maxCharacters } from './clean-text.ts'

// Built from its code, to keep control characters out of this file. CSI (colours) and OSC (titles, links).
const controlEscape = String.fromCharCode(27)
const ansi = new RegExp(
  `${controlEscape}(?:\\[[0-9;?]{0,32}[@-~]|\\][^${controlEscape}\\u0007]{0,512}(?:\\u0007|${controlEscape}\\\\))`,
  'g',
)

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

/** Removes one level of quoting, as JSON, Go and log lines add it. */
const unescapeOnce = (text: string) =>
  text.replace(/\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([nrt"'\\/]))/g, (_, unicode, byte, char) =>
    char === undefined ? String.fromCharCode(Number.parseInt(unicode ?? byte, 16)) : (escapes[char] ?? char),
  )

/** Removes the frames that programs draw in front of each line, and the quotation marks of a chat. */
const withoutFrames = (text: string) => text.replace(/^[ \t]*[│┃|>][ \t]?/gm, '')

/** Joins lines, with a space where a line broke between two words and without one where it broke a word. */
function joined(lines: readonly string[]): string {
  const parts = lines.map((line, n) => {
    const before = lines[n - 1]
    const isGap = before !== undefined && (isBlank(before.at(-1)) || isBlank(line[0]))
    return `${isGap ? ' ' : ''}${line.trim()}`
  })
  return parts.join('')
}

const isBlank = (char: string | undefined) => char === undefined || char === ' ' || char === '\t'

function plain(text: string): string[] {
  const clean = withoutFrames(cleanText(text.replace(ansi, '')))
  return [clean.replace(/\s+/g, ' '), joined(clean.split(/\r?\n/))]
}

/** Every reading of the text, the likeliest first: at most six, each within the limit. */
export function readingsOf(text: string): string[] {
  const once = text.slice(0, maxCharacters)
  const twice = unescapeOnce(once)
  return [...new Set([once, twice, unescapeOnce(twice)].flatMap(plain))]
}
