// The notation in which people and templates leave a part of a command open: `<name>`, `{pod}`, `[pod]`, `{{ x }}`, `%POD%`,
// `$POD`, POD_NAME, your-pod, xxx. None of it is a name.
import type { Gap } from './gaps.ts'

export type Notation = Gap & { end: number }

/** The longest open part that is recognized, within one line. */
const maxLength = 120

/** The position of `closing` on the same line and not too far away; -1 where there is none. */
function closingAt(text: string, start: number, closing: string): number {
  const line = text.slice(start, start + maxLength).split('\n', 1)[0] ?? ''
  const found = line.indexOf(closing)
  return found < 0 ? -1 : start + found
}

/** A list of words that may be empty: `[flags]`, `<options>`, `[-n namespace]`, and the callouts of AsciiDoc. */
const isRest = (inner: string) =>
  /^-|^(?:[a-z]+ )?(?:flag|option|arg|argument|parameter)s?\b|^\d{1,2}$|^\.{1,3}$/i.test(inner)

const notation = (text: string, at: number, end: number, inner: string): Notation => ({
  label: text.slice(at, end),
  end,
  ...(isRest(inner) ? { isRest: true } : {}),
})

const pairs: Record<string, string> = { '‹': '›', '«': '»', '〈': '〉', '⟨': '⟩', '＜': '＞' }

/** `<name>`, `<<name>>`, `\<name\>` and `‹name›`; undefined for a redirection such as `<in >out`. */
function angled(text: string, at: number): Notation | undefined {
  const char = text[at] ?? ''
  const opening = char === '\\' ? '\\<' : text.startsWith('<<', at) ? '<<' : char
  const closing = opening === '\\<' ? '>' : opening === '<<' ? '>>' : (pairs[char] ?? '>')
  const start = at + opening.length
  const end = closingAt(text, start, closing)
  if (end < 0) return undefined
  const inner = text.slice(start, end).replace(/\\$/, '')
  const padding = Number(inner.startsWith(' ')) + Number(inner.endsWith(' '))
  const isOpen =
    padding === 0
      ? /^(?:[\p{L}_$#.*…-]|\d{1,2}$)[^"`;&<]*$/u.test(inner)
      : padding === 2 && /^[\p{L}\w -]+$/u.test(inner)
  return isOpen ? notation(text, at, end + closing.length, inner.trim()) : undefined
}

/** `{{ x }}`, `{% x %}`, `#{x}` and `{pod}`; undefined for `{a,b}`, which a shell expands, and for a group of commands. */
function braced(text: string, at: number, isArgument: boolean): Notation | undefined {
  for (const [opening, closing] of [
    ['{{', '}}'],
    ['{%', '%}'],
  ] as const) {
    if (!text.startsWith(opening, at)) continue
    const end = closingAt(text, at + 2, closing)
    return end < 0 ? undefined : notation(text, at, end + 2, '')
  }
  const start = text.startsWith('#{', at) ? at + 2 : at + 1
  const end = closingAt(text, start, '}')
  const inner = text.slice(start, Math.max(start, end))
  const isOpen = /^[\p{L}_][\w .:|/-]*$/u.test(inner) || (isArgument && /^ [\w-]+ $/.test(inner))
  return isOpen ? notation(text, at, end + 1, inner) : undefined
}

/** `[pod]`, `[pod name]` and `[-n namespace]`. */
function bracketed(text: string, at: number): Notation | undefined {
  const end = closingAt(text, at + 1, ']')
  const inner = text.slice(at + 1, Math.max(at + 1, end))
  return /^[\p{L}_<$-][^"'[*=]*$|^-[^"'[]*$|^\.{3}$/u.test(inner) ? notation(text, at, end + 1, inner) : undefined
}

/** `(POD | TYPE/NAME)`, as in a usage text. */
function parenthesized(text: string, at: number): Notation | undefined {
  const end = closingAt(text, at + 1, ')')
  const inner = text.slice(at + 1, Math.max(at + 1, end))
  const isOpen = /^[\p{L}_][\w|/. -]*$/u.test(inner) && (inner.includes('|') || !inner.includes(' '))
  return isOpen ? notation(text, at, end + 1, inner) : undefined
}

const marked = /%[A-Za-z_]\w{0,40}%|%[sdvq]\b|@[A-Z][A-Z0-9_]{1,40}@/y

/**
 * The open part that starts at this position.
 * @param isWordStart no character of a word is in front of it
 * @param isArgument a word of the same command is in front of it
 */
export function notationAt(text: string, at: number, isWordStart: boolean, isArgument: boolean): Notation | undefined {
  const char = text[at] ?? ''
  if (char === '<' || char in pairs || text.startsWith('\\<', at)) return angled(text, at)
  if (char === '{' || text.startsWith('#{', at)) return braced(text, at, isArgument && isWordStart)
  // A kind with `[name]` behind its slash, or `-n[namespace]`; not the class of a pattern such as `web-[a-z]`.
  const isBehind = /[/=,:_]/.test(text[at - 1] ?? '') || /^\s-\w$/.test(text.slice(Math.max(0, at - 3), at))
  if (char === '[' && (isWordStart || isBehind)) return bracketed(text, at)
  if (char === '(' && isWordStart && isArgument) return parenthesized(text, at)
  if (char !== '%' && char !== '@') return undefined
  marked.lastIndex = at
  const [label] = marked.exec(text) ?? []
  return label === undefined ? undefined : { label, end: at + label.length }
}

const variable = /\$\$?(?:(?:env:)?([A-Za-z_]\w{0,100})|[0-9@*#?!]|\(([A-Z][A-Z0-9_]{0,60})\))/y

/** `$POD`, `${POD:-web}`, `$1`, `$env:POD`, `${{ inputs.pod }}` and a Makefile's `$(POD)`; undefined for `$(command)`. */
export function variableAt(text: string, at: number): Notation | undefined {
  if (text.startsWith('${{', at)) {
    const end = closingAt(text, at + 3, '}}')
    return end < 0 ? undefined : { label: text.slice(at, end + 2), end: end + 2 }
  }
  if (text.startsWith('${', at)) {
    const closing = closingAt(text, at + 2, '}')
    if (closing < 0) return undefined
    // `${A:-${B}}`
    const isNested = text.slice(at + 2, closing).includes('${') && text[closing + 1] === '}'
    const end = closing + (isNested ? 2 : 1)
    const [name] = /^\w{1,100}/.exec(text.slice(at + 2, closing)) ?? []
    return { label: text.slice(at, end), end, ...(name ? { variable: name } : {}) }
  }
  variable.lastIndex = at
  const match = variable.exec(text)
  if (!match) return undefined
  const name = match[1] ?? match[2]
  return { label: match[0], end: at + match[0].length, ...(name ? { variable: name } : {}) }
}

const capitals = /^_{0,2}[A-Z][A-Z0-9]*(?:[_-][A-Z0-9]+)*_{0,2}$/
const crossed = /(?:^|[-_.])(?:x{3,}|y{3,}|z{3,})(?:$|[-_.\d])/i
const addressed = /^(?:your|insert|replace|enter)[-_]?[a-z]|^change[-_]?me$|^(?:placeholder|todo|tbd)$/i
const called =
  /(?:^|[-_]|pod|deployment|service|node|space|secret|job|set|ingress|container|app|cluster|resource)names?$/i
const namespaces = /^(?:the|my|some|a|target)?[-_]?namespace(?:[-_]?(?:name|id))?$/i

/** A word that people write where a name belongs: POD_NAME, your-pod, pod-name, web-xxxxx. */
export const isStandIn = (word: string): boolean =>
  capitals.test(word) || crossed.test(word) || addressed.test(word) || called.test(word) || namespaces.test(word)

/** A word that may be a name or an example of one. */
export const maybeStandIn = (word: string): boolean =>
  /^(?:my|some|example|the)[-_]?(?:pod|deployment|deploy|service|svc|node|namespace|ns|secret|configmap|cm|job|cronjob|app|application|container|cluster|release|ingress|pvc)s?(?:-?\d{1,3})?$/i.test(
    word,
  )

/** A word that a shell or a person completes: `web-*`, `...`, `*****`, `web-…`. */
export const isAbridged = (word: string): boolean => /[*?[\]…]|\.{3}/.test(word)
