// Manifests in texts: values of a ConfigMap, inline manifests of a GitOps tool, files of a machine.
import { isScalar, Scalar } from 'yaml'
import type { Range } from './source.ts'

/** Is there anything in this text that a check would have to read? */
export const holdsManifest = (text: string): boolean =>
  text.includes('apiVersion') && text.includes('kind') && /Role|ClusterServiceVersion|\\[xu]|!!binary/.test(text)

/**
 * Where a range of the value of a scalar is in the text of its document. The lines of a literal block are known exactly;
 * of any other text only its first line is.
 */
export function rangeInScalar(text: string, scalar: unknown): (range: Range) => Range {
  if (!isScalar(scalar) || !scalar.range) return () => [0, 0]
  const [from, to] = scalar.range
  const firstLine = text.indexOf('\n', from) + 1
  if (scalar.type !== Scalar.BLOCK_LITERAL || firstLine === 0) return () => [from, to]
  const value = String(scalar.value)
  const lines = linesOf(text.slice(firstLine, to), firstLine)
  const inner = linesOf(value, 0)
  const first = inner.findIndex(({ indent, length }) => length > indent)
  const indent = Math.max(0, (lines[first]?.indent ?? 0) - (inner[first]?.indent ?? 0))
  const place = (offset: number) => {
    const index = Math.max(
      0,
      inner.findLastIndex(({ start }) => start <= offset),
    )
    const line = lines[index]
    if (!line) return to
    return line.start + Math.min(line.length, indent + offset - (inner[index]?.start ?? 0))
  }
  return ([start, end]) => [place(start), place(end)]
}

function linesOf(text: string, offset: number): { start: number; length: number; indent: number }[] {
  let start = offset
  return text.split('\n').map((line) => {
    const found = { start, length: line.length, indent: line.length - line.trimStart().length }
    start += line.length + 1
    return found
  })
}
