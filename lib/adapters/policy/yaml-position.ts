// Where in the text of a configuration is what a problem is about?
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, Scalar } from 'yaml'
import type { Finding } from './problem.ts'

export const offsetOf = (node: unknown): number | undefined => (node as Node | null | undefined)?.range?.[0]

/** Where the lines of a block scalar begin in the text, after their indentation. */
function blockLines(text: string, at: number): number[] {
  const starts: number[] = []
  let lineStart = text.indexOf('\n', at) + 1
  let indent: number | undefined
  while (lineStart > 0 && lineStart < text.length) {
    const end = text.indexOf('\n', lineStart)
    const line = text.slice(lineStart, end < 0 ? undefined : end)
    if (indent === undefined && line.trim()) indent = line.length - line.trimStart().length
    starts.push(lineStart + Math.min(indent ?? 0, line.length))
    lineStart = end + 1
  }
  return starts
}

/**
 * Where in the text the character at `within` of a scalar's value stands; the scalar itself where its way of writing
 * (folding, escapes) does not say it plainly.
 */
function offsetWithin(text: string, node: Scalar, within: number): number | undefined {
  const at = offsetOf(node)
  if (at === undefined || typeof node.value !== 'string') return at
  let found: number | undefined
  if (node.type === Scalar.PLAIN) found = at + within
  if (node.type === Scalar.QUOTE_SINGLE || node.type === Scalar.QUOTE_DOUBLE) found = at + 1 + within
  if (node.type === Scalar.BLOCK_LITERAL) {
    const before = node.value.slice(0, within).split('\n')
    const line = blockLines(text, at)[before.length - 1]
    found = line === undefined ? undefined : line + (before.at(-1)?.length ?? 0)
  }
  if (found === undefined) return at
  // What stands there must be what is meant: an escape or a folded line before it moves everything after it.
  const meant = node.value.slice(within, within + 8).split('\n')[0] ?? ''
  return text.startsWith(meant, found) ? found : at
}

/**
 * Where in the text a path leads: to its value (or a place within it), to its key, or to what is nearest above it where
 * it is missing.
 */
export function offsetAt(text: string, document: Document, { path, atKey, within }: Finding): number {
  let node: unknown = document.contents
  let offset = offsetOf(node) ?? 0
  for (const [depth, key] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document)
    const isLast = depth === path.length - 1
    if (isMap(node)) {
      const pair = node.items.find(({ key: known }) => String(isScalar(known) ? known.value : known) === String(key))
      if (!pair) return offset
      // A missing value is shown at the key of what misses it, which says more than the line after.
      offset = (isLast && !atKey ? offsetOf(pair.value) : undefined) ?? offsetOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(key)]
      offset = offsetOf(node) ?? offset
    } else return offset
  }
  return within !== undefined && isScalar(node) ? (offsetWithin(text, node, within) ?? offset) : offset
}
