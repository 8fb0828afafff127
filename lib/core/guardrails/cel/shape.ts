// The type of a value together with how large the value can be, which bounds the cost of using it.

/** `max`: characters or elements. `never`: the elements of `[]`, of which there are none. */
export type Shape =
  | { kind: 'bool' | 'int' | 'double' | 'null' | 'timestamp' | 'duration' | 'never' }
  | { kind: 'string'; max: number }
  | { kind: 'list'; max: number; of: Shape }
  | { kind: 'map'; max: number; of: Shape }
  | { kind: 'object'; name: string; fields: Readonly<Record<string, Shape>> }

export const [bool, int, double, nothing, timestamp, duration, never] = (
  ['bool', 'int', 'double', 'null', 'timestamp', 'duration', 'never'] as const
).map((kind): Shape => ({ kind })) as [Shape, Shape, Shape, Shape, Shape, Shape, Shape]
export const text = (max: number): Shape => ({ kind: 'string', max })
export const listOf = (max: number, of: Shape): Shape => ({ kind: 'list', max, of })
export const mapOf = (max: number, of: Shape): Shape => ({ kind: 'map', max, of })

/** The name of the type in messages. */
export function typeName(shape: Shape): string {
  if (shape.kind === 'list') return shape.of.kind === 'never' ? 'list' : `list<${typeName(shape.of)}>`
  if (shape.kind === 'map') return `map<string, ${typeName(shape.of)}>`
  return shape.kind === 'object' ? shape.name : shape.kind
}

/** The shape of a value that is one of the two, or null if their types differ. */
export function either(a: Shape, b: Shape): Shape | null {
  if (a.kind === 'never') return b
  if (b.kind === 'never') return a
  if (a.kind === 'string' && b.kind === 'string') return text(Math.max(a.max, b.max))
  if ((a.kind === 'list' && b.kind === 'list') || (a.kind === 'map' && b.kind === 'map')) {
    const of = either(a.of, b.of)
    return of && { kind: a.kind, max: Math.max(a.max, b.max), of }
  }
  return typeName(a) === typeName(b) ? a : null
}

/** Steps to compare or copy a whole value. */
export function weight(shape: Shape): number {
  if (shape.kind === 'string') return 1 + shape.max / 10
  if (shape.kind === 'list' || shape.kind === 'map') return 1 + shape.max * weight(shape.of)
  return 1
}

export const holdsObjects = (shape: Shape): boolean =>
  shape.kind === 'object' || ('of' in shape && holdsObjects(shape.of))
