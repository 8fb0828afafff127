// The Merkle tree of RFC 6962: its root, its proofs, and their verification. It reads stored hashes through a function, so
// that a server, a command and a test use the same code.
import { createHash } from 'node:crypto'

/** The hash of the complete subtree at `level` (0: a leaf) whose leaves begin at `index * 2 ** level`. */
export type ReadNode = (level: number, index: number) => Buffer

// The two prefixes keep a leaf from passing for an inner node (RFC 6962 §2.1).
const leafPrefix = Uint8Array.of(0)
const nodePrefix = Uint8Array.of(1)

export const leafHash = (leaf: string): Buffer => createHash('sha256').update(leafPrefix).update(leaf).digest()

export const nodeHash = (left: Buffer, right: Buffer): Buffer =>
  createHash('sha256').update(nodePrefix).update(left).update(right).digest()

const emptyRoot = createHash('sha256').digest()

const half = (n: number) => Math.floor(n / 2)
const isOdd = (n: number) => n % 2 === 1

/** The largest power of two below `n`, for `n` above 1. */
function splitOf(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}

/** The exponent of a power of two; undefined for any other number. */
function exponentOf(n: number): number | undefined {
  let power = 1
  let exponent = 0
  for (; power < n; power *= 2) exponent += 1
  return power === n ? exponent : undefined
}

/** The hash over the leaves from `from` up to, and without, `to`. */
function hashOfRange(read: ReadNode, from: number, to: number): Buffer {
  const level = exponentOf(to - from)
  if (level !== undefined) return read(level, from / (to - from))
  const middle = from + splitOf(to - from)
  return nodeHash(hashOfRange(read, from, middle), hashOfRange(read, middle, to))
}

/** The root of the tree of the first `size` leaves. */
export const rootOf = (read: ReadNode, size: number): Buffer => (size === 0 ? emptyRoot : hashOfRange(read, 0, size))

function pathIn(read: ReadNode, index: number, from: number, to: number): Buffer[] {
  if (to - from === 1) return []
  const middle = from + splitOf(to - from)
  return index < middle
    ? [...pathIn(read, index, from, middle), hashOfRange(read, middle, to)]
    : [...pathIn(read, index, middle, to), hashOfRange(read, from, middle)]
}

/** The hashes that lead from a leaf to the root of the first `size` leaves (RFC 6962 §2.1.1). */
export const inclusionProof = (read: ReadNode, index: number, size: number): Buffer[] => pathIn(read, index, 0, size)

function consistencyIn(read: ReadNode, old: number, from: number, to: number, isKnown: boolean): Buffer[] {
  if (old === to) return isKnown ? [] : [hashOfRange(read, from, to)]
  const middle = from + splitOf(to - from)
  return old <= middle
    ? [...consistencyIn(read, old, from, middle, isKnown), hashOfRange(read, middle, to)]
    : [...consistencyIn(read, old, middle, to, false), hashOfRange(read, from, middle)]
}

/** The hashes that show that the first `old` leaves are the beginning of the first `size` (RFC 6962 §2.1.2). */
export const consistencyProof = (read: ReadNode, old: number, size: number): Buffer[] =>
  old === 0 || old === size ? [] : consistencyIn(read, old, 0, size, true)

/** The root that this leaf and its proof lead to; null if the proof has the wrong length (RFC 9162 §2.1.3.2). */
export function rootOfInclusion(index: number, size: number, leaf: Buffer, proof: readonly Buffer[]): Buffer | null {
  if (index >= size) return null
  let [at, last, root] = [index, size - 1, leaf]
  for (const sibling of proof) {
    if (last === 0) return null
    if (isOdd(at) || at === last) {
      root = nodeHash(sibling, root)
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)]
    } else root = nodeHash(root, sibling)
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 ? root : null
}

export type Root = { size: number; root: Buffer }

/** Does the proof show that the tree of `old` is the beginning of the tree of `current`? (RFC 9162 §2.1.4.2) */
export function isConsistent(old: Root, current: Root, proof: readonly Buffer[]): boolean {
  if (old.size > current.size) return false
  if (old.size === 0) return proof.length === 0 && old.root.equals(emptyRoot)
  if (old.size === current.size) return proof.length === 0 && old.root.equals(current.root)
  const [first, ...rest] = exponentOf(old.size) === undefined ? proof : [old.root, ...proof]
  if (!first) return false
  let [at, last] = [old.size - 1, current.size - 1]
  while (isOdd(at)) [at, last] = [half(at), half(last)]
  let [oldRoot, newRoot] = [first, first]
  for (const sibling of rest) {
    if (last === 0) return false
    if (isOdd(at) || at === last) {
      oldRoot = nodeHash(sibling, oldRoot)
      newRoot = nodeHash(sibling, newRoot)
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)]
    } else newRoot = nodeHash(newRoot, sibling)
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 && oldRoot.equals(old.root) && newRoot.equals(current.root)
}

/** Adds leaves one by one and gives the root of those so far, with a handful of hashes in memory. */
export function growingTree(): { size(): number; add(leaf: Buffer): void; root(): Buffer } {
  let size = 0
  /** The complete subtrees of the leaves so far, the largest first. */
  const subtrees: Buffer[] = []
  return {
    size: () => size,
    add: (leaf) => {
      let hash = leaf
      for (let rest = size; isOdd(rest); rest = half(rest)) hash = nodeHash(subtrees.pop() ?? hash, hash)
      subtrees.push(hash)
      size += 1
    },
    root: () => (size === 0 ? emptyRoot : subtrees.reduceRight((right, left) => nodeHash(left, right))),
  }
}
