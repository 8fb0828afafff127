// Reads the values of a YAML document from its nodes, because findings need their places, and because converting a hostile
// document into plain values can take unbounded time and memory.
import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Node, visit, type YAMLMap } from 'yaml'
import { detached, type Range } from './source.ts'

/** Thrown for a document that cannot be read. */
export class Unreadable extends Error {
  readonly range: Range
  constructor(message: string, range: Range) {
    super(message)
    this.range = range
  }
}

export type Text = { value: string; range: Range }
export type Entry = { key: Text; value: Node | null; range: Range }

// The longest document has fewer nodes, so only aliases can exceed this.
const maxReads = 2_000_000
// Each merge builds a new mapping.
const maxMerges = 10_000
const maxMergeDepth = 16

/**
 * Follows aliases, and resolves merges and duplicate keys as kubectl does: the last one applies, so a merge replaces the
 * keys before it.
 */
export class Nodes {
  readonly #targets: ReadonlyMap<Alias, Node>
  readonly #rangeInSource: (range: Range) => Range
  #reads = 0
  #merges = 0

  /**
   * @param hasAnchors false if the text has no `&`, so that no alias can have a target
   * @param rangeInSource where a range of the document is in the file, if the document is a text inside of another one
   */
  constructor(document: Document, hasAnchors: boolean, rangeInSource = (range: Range) => range) {
    this.#targets = targetsOf(document, hasAnchors)
    this.#rangeInSource = rangeInSource
  }

  rangeOf(node: unknown): Range {
    const range = (node as Node | null | undefined)?.range
    return range ? this.#rangeInSource([range[0], range[1]]) : [0, 0]
  }

  resolve(node: unknown): Node | null {
    if (++this.#reads > maxReads) throw new Unreadable('too many aliases', [0, 0])
    if (!isAlias(node)) return (node as Node | null | undefined) ?? null
    const target = this.#targets.get(node)
    if (!target) throw new Unreadable(`alias *${node.source} has no anchor before it`, this.rangeOf(node))
    return target
  }

  /** The entries of a mapping, including those merged by `<<`; null if the node is not a mapping. */
  entries(node: unknown, depth = 0): Map<string, Entry> | null {
    const map = this.resolve(node)
    if (!isMap(map)) return null
    const found = new Map<string, Entry>()
    for (const { key, value } of (map as YAMLMap).items) {
      const text = this.#keyOf(key)
      if (text === '<<') {
        for (const merged of this.#merged(value, depth)) for (const [name, entry] of merged) found.set(name, entry)
        continue
      }
      const valueNode = value as Node | null
      const range = this.rangeOf(key)
      const end = valueNode?.range ? this.rangeOf(valueNode)[1] : range[1]
      found.set(text, { key: { value: text, range }, value: valueNode, range: [range[0], end] })
    }
    return found
  }

  /** The value of a key that the mapping has itself, without merges and without a look at its other keys. */
  own(map: YAMLMap, key: string): Node | null {
    const pair = map.items.findLast(({ key: node }) => isScalar(node) && node.value === key)
    return (pair?.value as Node | null | undefined) ?? null
  }

  items(node: unknown): Node[] | null {
    const list = this.resolve(node)
    return isSeq(list) ? (list.items as Node[]) : null
  }

  text(node: unknown): Text | null {
    const scalar = this.resolve(node)
    const value = isScalar(scalar) ? textOf(scalar.value) : null
    return value === null ? null : { value, range: this.rangeOf(node) }
  }

  isNothing(node: unknown): boolean {
    const found = this.resolve(node)
    return found === null || (isScalar(found) && found.value === null)
  }

  /** Numbers and truth values are keys by their text, as in JSON. */
  #keyOf(key: unknown): string {
    const name = this.resolve(key)
    const value = isScalar(name) ? name.value : undefined
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
    const text = textOf(value)
    if (text === null) throw new Unreadable('a key must be a string: put it in quotes', this.rangeOf(key))
    return text
  }

  /** The mappings to merge, the one that applies last. Of a list, the first one wins. */
  #merged(value: unknown, depth: number): Map<string, Entry>[] {
    // A mapping that is merged into itself would never end.
    if (depth >= maxMergeDepth || ++this.#merges > maxMerges)
      throw new Unreadable('too many merges (<<)', this.rangeOf(value))
    const merged = (this.items(value) ?? [value]).map((source) => {
      const entries = this.entries(source, depth + 1)
      if (!entries) throw new Unreadable('<< requires a mapping or a list of mappings', this.rangeOf(value))
      return entries
    })
    return merged.reverse()
  }
}

/** A string, or one that is written in base64 with the tag `!!binary`, as kubectl reads it. */
function textOf(value: unknown): string | null {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  return typeof value === 'string' ? detached(value) : null
}

/** The target of each alias: the last node before it with the anchor. Found in one walk, however many there are. */
function targetsOf(document: Document, hasAnchors: boolean): Map<Alias, Node> {
  const targets = new Map<Alias, Node>()
  if (!hasAnchors) return targets
  const anchors = new Map<string, Node>()
  visit(document, (_, node) => {
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (target) targets.set(node, target)
    } else if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor) anchors.set(node.anchor, node)
  })
  return targets
}
