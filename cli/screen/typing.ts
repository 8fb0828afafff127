// How a key changes the text of a line that someone types.
import type { Key } from './full-screen.ts'

/** As much as any text line takes. */
const longestText = 2000

/** The text after a key, which is the same after a key that types nothing. */
export function typed(text: string, { name, text: more, isCtrl }: Key): string {
  if (name === 'backspace') return [...text].slice(0, -1).join('')
  if (isCtrl) return name === 'u' ? '' : text
  return (text + more).slice(0, longestText)
}
