// Removes what chats, editors and web pages add to a text: links, entities, typographic characters, HTML tags. Every step
// is linear.

/** How many characters of a paste are read. A sentence of the API server has a few hundred. */
export const maxCharacters = 65_536

const entities: Record<string, string> = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&', nbsp: ' ' }

/** `&quot;`, `&#34;` and `&#x22;`. The API server itself writes the first form for `&`, `<` and `>`. */
export const decodeEntities = (text: string) =>
  text.replace(/&(?:#(\d{1,6})|#[xX]([0-9a-fA-F]{1,5})|([a-z]{2,4}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return Object.hasOwn(entities, name) ? (entities[name] ?? whole) : whole
    return String.fromCodePoint(Math.min(Number.parseInt(decimal ?? hex, decimal ? 10 : 16), 0x10ffff))
  })

/** Markdown, Slack, Jira and HTML links become the text that a reader sees. */
const withoutLinks = (text: string) =>
  text
    .replace(/\[([^\][()\s]{1,253})\]\((?:https?:\/\/|mailto:)[^()\s]{1,500}\)/g, '$1')
    .replace(/<(?:https?:\/\/|mailto:)[^<>|\s]{1,500}\|([^<>|\n]{1,253})>/g, '$1')
    .replace(/<(?:mailto:([^<>|\s]{1,500})|(https?:\/\/[^<>|\s]{1,500}))>/g, '$1$2')
    .replace(/\[([^\][|\s]{1,253})\|(?:https?:\/\/|mailto:)[^\][|\s]{1,500}\]/g, '$1')
    .replace(/<a\s[^<>]{1,500}>([^<>]{0,253})<\/a>/g, '$1')

const tag = /<\/?(a|b|code|div|em|i|kbd|li|ol|p|pre|samp|span|strong|table|td|tr|tt|ul)(?:\s[^<>]{0,300})?>/g

/** NB: a tag without its end stays, because `<p>` and `<code>` may be placeholders. */
function withoutTags(text: string): string {
  const ended = new Set([...text.matchAll(/<\/([a-z]{1,8})>/g)].map(([, name]) => name))
  const lines = text.replace(/<br ?\/?>/g, '\n')
  return ended.size === 0 ? lines : lines.replace(tag, (whole, name) => (ended.has(name) ? '' : whole))
}

/** The text as it was before it went through a chat, an editor or a web page. */
export function cleanText(text: string): string {
  const plain = text
    .slice(0, maxCharacters)
    // Private use: fonts draw prompts with these, and gaps.ts needs them.
    .replace(/[\uE000-\uF8FF]/g, '')
    .replace(/\r\n?/g, '\n')
    .replace(/[\u00AD\u200B-\u200D\u2060\uFEFF]/g, '')
    .replace(/[\f\v\u00A0\u2000-\u200A\u202F\u3000]/g, ' ')
    .replace(/[\u2028\u2029]/g, '\n')
    .replace(/[‐‑−]/g, '-')
    .replace(/[‘’‚‛]/g, "'")
    .replace(/[“”„‟]/g, '"')
  return withoutTags(withoutLinks(decodeEntities(decodeEntities(plain))))
}
