// A notice as a Slack message: Block Kit, with a text for notifications and screen readers.
import type { Content } from './content.ts'

const signs: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Slack reads only these three characters as markup in a `plain_text`, and no mention or link without an angle bracket. */
const escaped = (text: string) => text.replace(/[&<>]/g, (sign) => signs[sign] ?? sign)

const clipped = (text: string, longest: number) => (text.length <= longest ? text : `${text.slice(0, longest - 1)}…`)

/** Text that Slack shows as it is: no emphasis, no link, no mention, no emoji by name. */
const plain = (text: string, longest = 3000) => ({
  type: 'plain_text',
  text: clipped(escaped(text), longest),
  emoji: false,
})

export function asSlack({ headline, sentences, quote, rows, link }: Content) {
  const said = quote ? [`${quote.by} wrote:\n${quote.text}`] : []
  // At most ten fields in a section.
  const fields = rows.slice(0, 10).map(([label, value]) => plain(`${label}: ${value}`, 2000))
  return {
    text: escaped(headline),
    blocks: [
      { type: 'section', text: plain(headline) },
      ...[...sentences, ...said].map((text) => ({ type: 'context', elements: [plain(text)] })),
      { type: 'section', fields },
      { type: 'actions', elements: [{ type: 'button', text: plain(link.label, 75), url: link.url }] },
    ],
  }
}
