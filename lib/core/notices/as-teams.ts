// A notice for a Teams workflow ("post to a channel when a webhook request is received"): an Adaptive Card.
import type { Content } from './content.ts'

/** A TextRun shows its text as it is; a TextBlock would read Markdown, so that a reason could contain a link. */
const run = (text: string, style: object = {}) => ({
  type: 'RichTextBlock',
  inlines: [{ type: 'TextRun', text, ...style }],
})

export function asTeams({ headline, sentences, quote, rows, link }: Content) {
  const said = quote ? [run(`${quote.by} wrote:`, { isSubtle: true }), run(quote.text, { italic: true })] : []
  const table = rows.map(([label, value]) => ({
    type: 'ColumnSet',
    spacing: 'Small',
    columns: [
      { type: 'Column', width: '110px', items: [run(label, { isSubtle: true })] },
      { type: 'Column', width: 'stretch', items: [run(value)] },
    ],
  }))
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            run(headline, { weight: 'Bolder', size: 'Medium' }),
            ...sentences.map((one) => run(one)),
            ...said,
            ...table,
          ],
          actions: [{ type: 'Action.OpenUrl', title: link.label, url: link.url }],
        },
      },
    ],
  }
}
