// A notice as an e-mail: plain text and HTML that say the same.
import type { Content } from './content.ts'

export type Mail = {
  subject: string
  text: string
  html: string
  messageId: string
  /** The message that every mail about the request refers to, so that mail programs show one thread. */
  thread: string
}

const signs: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => signs[sign] ?? sign)

/** Each line with its mark, so that what someone wrote can't look like a line of Postern's. */
const quoted = (text: string) =>
  text
    .split('\n')
    .map((one) => `> ${one}`.trimEnd())
    .join('\n')

const footer = ({ receivedBecause }: Content) =>
  `You receive this because ${receivedBecause}. Postern never wants a password or a token by e-mail.`

function textOf(content: Content): string {
  const { headline, sentences, quote, rows, link } = content
  const width = Math.max(...rows.map(([label]) => label.length))
  const table = rows.map(([label, value]) => `${`${label}:`.padEnd(width + 2)}${value}`).join('\n')
  const said = quote ? [`${quote.by} wrote:\n${quoted(quote.text)}`] : []
  return [headline, ...sentences, ...said, table, `${link.label}:\n${link.url}`, `-- \n${footer(content)}`].join('\n\n')
}

// Inline styles and no images: mail programs drop style sheets, and nothing is loaded that could tell who reads it.
const cell = 'padding:4px 16px 4px 0;vertical-align:top;text-align:left'
const button =
  'display:inline-block;padding:10px 16px;background:#1f3a5f;color:#ffffff;text-decoration:none;border-radius:6px;font-weight:600'

/** Untrusted text keeps its own direction and can't turn that of its surroundings. */
const isolated = (text: string) => `<bdi>${escapeHtml(text)}</bdi>`

function htmlOf(content: Content): string {
  const { headline, sentences, quote, rows, link } = content
  const table = rows
    .map(
      ([label, value]) =>
        `<tr><th scope="row" style="${cell};color:#57606a;font-weight:400">${escapeHtml(label)}</th><td style="${cell}">${isolated(value)}</td></tr>`,
    )
    .join('')
  const said = quote
    ? `<p style="margin:16px 0 4px;color:#57606a">${isolated(quote.by)} wrote:</p><blockquote style="margin:0;padding:4px 12px;border-left:3px solid #d0d7de;white-space:pre-wrap">${isolated(quote.text)}</blockquote>`
    : ''
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="format-detection" content="telephone=no"><title>${escapeHtml(headline)}</title></head><body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif;color:#1f2328;background:#ffffff"><div style="max-width:600px;margin:0 auto"><h1 style="font-size:18px;line-height:1.4;margin:0 0 12px">${isolated(headline)}</h1>${sentences.map((one) => `<p style="margin:0 0 8px">${isolated(one)}</p>`).join('')}${said}<table style="border-collapse:collapse;margin:16px 0">${table}</table><p style="margin:20px 0"><a href="${escapeHtml(link.url)}" style="${button}">${escapeHtml(link.label)}</a></p><p style="color:#57606a;font-size:13px;margin:24px 0 0">${isolated(footer(content))}</p></div></body></html>`
}

/**
 * @param noticeId the same for every attempt, so that mail programs recognise a repeated mail
 * @param host of Postern's public URL
 */
export function asMail(content: Content, noticeId: string, host: string): Mail {
  const isFirst = content.kind === 'request-waits'
  return {
    subject: `${isFirst ? '' : 'Re: '}${content.subject}`,
    text: textOf(content),
    html: htmlOf(content),
    messageId: `<${noticeId}@${host}>`,
    thread: `<${content.thread}@${host}>`,
  }
}
