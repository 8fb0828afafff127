// The ways in which pasted text may have to be read: as it stands, without the quoting of whatever printed it, with
// lines that a terminal broke put together again. Every step is linear, and what is longer than the limit is cut.

/** Characters of a paste that are read: a sentence of the API server takes a few hundred. */
export const maxCharacters = 65_536

// Built from its code, so that no control character stands in the source. CSI (colours) and OSC (titles, links).
const controlEscape = String.fromCharCode(27)
const ansi = new RegExp(
  `${controlEscape}(?:\\[[0-9;?]{0,32}[@-~]|\\][^${controlEscape}\\u0007]{0,512}(?:\\u0007|${controlEscape}\\\\))`,
  'g',
)

const entities: Record<string, string> = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&', nbsp: ' ' }

/** `&quot;`, `&#34;` and `&#x22;`; the API server itself writes the first kind for `&`, `<` and `>`. */
const decodeEntities = (text: string) =>
  text.replace(/&(?:#(\d{1,6})|#[xX]([0-9a-fA-F]{1,5})|([a-z]{2,4}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return Object.hasOwn(entities, name) ? (entities[name] ?? whole) : whole
    return String.fromCodePoint(Math.min(Number.parseInt(decimal ?? hex, decimal ? 10 : 16), 0x10ffff))
  })

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

/** One round of the quoting of JSON, Go or a log line taken off. */
const unescapeOnce = (text: string) =>
  text.replace(/\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([nrt"'\\/]))/g, (_, unicode, byte, char) =>
    char === undefined ? String.fromCharCode(Number.parseInt(unicode ?? byte, 16)) : (escapes[char] ?? char),
  )

/** Frames that programs draw before each line, and the marks of a quotation in a chat. */
const withoutFrames = (text: string) => text.replace(/^[ \t]*[│┃|>][ \t]?/gm, '')

/** Lines put together: where a line broke between two words a space stays, where it broke a word there is none. */
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
  const clean = withoutFrames(decodeEntities(decodeEntities(text.replace(ansi, '')))).replace(/[“”„‟]/g, '"')
  return [clean.replace(/\s+/g, ' '), joined(clean.split(/\r?\n/))]
}

/** The text read in every way, the likeliest first; at most six readings, none longer than the text that is read. */
export function readingsOf(text: string): string[] {
  const once = text.slice(0, maxCharacters)
  const twice = unescapeOnce(once)
  return [...new Set([once, twice, unescapeOnce(twice)].flatMap(plain))]
}
