/** The names in a text field that takes several, separated by spaces or commas. */
export const typedNames = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean)

/** The names that are complete because a separator follows, and the text that is still being typed. */
export function splitTypedNames(text: string): { names: string[]; typing: string } {
  const all = typedNames(text)
  const typing = /[\s,]$/.test(text) ? '' : (all.pop() ?? '')
  return { names: [...new Set(all)], typing }
}

/** The text of complete names, after which another one can be typed. */
export const joinNames = (names: string[]): string => names.map((name) => `${name} `).join('')
