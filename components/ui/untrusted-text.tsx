import { visibleText } from '#lib/core/access/visible-text'

/**
 * Text from a person, a cluster or an identity provider: shown as text, isolated from what is around it, and with
 * every character visible that hides or reorders. Line breaks stay where `lines` is set.
 */
export function UntrustedText({ children, lines = false }: { children: string; lines?: boolean }) {
  return (
    <bdi className={lines ? 'whitespace-pre-wrap wrap-break-word' : 'wrap-break-word'}>
      {visibleText(children).map((part, index) =>
        'text' in part ? (
          part.text
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never change their order
          <span key={index} className="sign" title="A character that cannot be seen, or that reorders text">
            {part.codePoint}
          </span>
        ),
      )}
    </bdi>
  )
}
