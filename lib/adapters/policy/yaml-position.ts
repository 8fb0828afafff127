// Where in the text of a configuration is a problem?
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, Scalar } from 'yaml'
import type { Finding } from './problem.ts'

export const offsetOf = (node: unknown): number | undefined => (node as Node | null | undefined)?.range?.[0]

/** The offsets of the lines of a block scalar, after their indentation. */
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
 * The offset in the text of the character `within` of a scalar's value; the start of the scalar if folding or escapes
 * make that ambiguous.
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
  // The text there must match the value, because an earlier escape or folded line shifts everything after it.
  const expected = node.value.slice(within, within + 8).split('\n')[0] ?? ''
  return text.startsWith(expected, found) ? found : at
}

/**
 * The offset in the text of a path's value (or a character within it), of its key, or, if the path does not exist, of
 * its nearest ancestor.
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
      // A missing value is reported at the key that lacks it, which is clearer than the following line.
      offset = (isLast && !atKey ? offsetOf(pair.value) : undefined) ?? offsetOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(key)]
      offset = offsetOf(node) ?? offset
    } else return offset
  }
  return within !== undefined && isScalar(node) ? (offsetWithin(text, node, within) ?? offset) : offset
}
