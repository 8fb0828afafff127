import { visibleText } from '#lib/core/access/visible-text'

/**
 * Text from a person, a cluster or an identity provider: shown as text, isolated from its surroundings, with invisible
 * and reordering characters made visible. `lines` keeps line breaks.
 */
export function UntrustedText({ children, lines = false }: { children: string; lines?: boolean }) {
  return (
    <bdi className={lines ? 'whitespace-pre-wrap wrap-break-word' : 'wrap-break-word'}>
      {visibleText(children).map((part, index) =>
        'text' in part ? (
          part.text
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never change their order
          <span key={index} className="sign" title="A character that is invisible or reorders text">
            {part.codePoint}
          </span>
        ),
      )}
    </bdi>
  )
}
