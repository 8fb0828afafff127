// HTML in which every value is escaped unless it is HTML itself. The report of a pack has text from people, clusters and identity
// providers in it, and is opened outside of Postern.
import { visibleText } from '#lib/core/access/visible-text'

export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Characters that hide or reorder text become their code points. */
const escaped = (text: string): string =>
  visibleText(text)
    .map((part) =>
      'text' in part ? part.text.replaceAll(/[&<>"']/g, (one) => entities[one] ?? '') : `[${part.codePoint}]`,
    )
    .join('')

type Value = string | number | Html | null | false | readonly Html[]

function textOf(value: Value): string {
  if (value === null || value === false) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'object') return value.map(({ text }) => text).join('')
  return escaped(String(value))
}

export const html = (strings: TemplateStringsArray, ...values: readonly Value[]): Html =>
  new Html(strings.map((text, i) => (i < values.length ? text + textOf(values[i] ?? null) : text)).join(''))
