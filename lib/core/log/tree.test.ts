import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashOfFull, nodesInTiles, pathOfTile, tileOfPath, tilesFor, tileWidth } from './tiles.ts'
import {
  consistencyProof,
  growingTree,
  inclusionProof,
  isConsistent,
  leafHash,
  type ReadNode,
  rootOf,
  rootOfInclusion,
} from './tree.ts'

// The leaves and roots that Certificate Transparency publishes as test data for RFC 6962.
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (hex) => createHash('sha256').update(Uint8Array.of(0)).update(Buffer.from(hex, 'hex')).digest(),
)

const nodesOf =
  (hashes: readonly Buffer[]): ReadNode =>
  (level, index) =>
    hashOfFull(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level))

const someLeaves = (count: number) => Array.from({ length: count }, (_, i) => leafHash(`leaf ${i}`))

describe('the published test data of Certificate Transparency', () => {
  test.each([
    [0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
    [3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
    [4, 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
    [5, '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
    [6, '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
    [7, 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
    [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
  ])('the root of the first %i leaves is the published one', (size, root) => {
    expect(rootOf(nodesOf(leaves), size).toString('hex')).toBe(root)
  })
})

const sizes = fc
  .integer({ min: 1, max: 300 })
  .chain((size) => fc.record({ size: fc.constant(size), index: fc.nat(size - 1) }))

test('every leaf is proven, and neither another leaf nor another place is', () => {
  const all = someLeaves(300)
  fc.assert(
    fc.property(sizes, fc.nat(299), ({ size, index }, other) => {
      const read = nodesOf(all)
      const proof = inclusionProof(read, index, size)
      const root = rootOf(read, size)
      expect(rootOfInclusion(index, size, all[index] as Buffer, proof)?.equals(root)).toBe(true)
      if (other !== index)
        expect(rootOfInclusion(index, size, all[other] as Buffer, proof)?.equals(root) ?? false).toBe(false)
      if (other !== index && other < size)
        expect(rootOfInclusion(other, size, all[index] as Buffer, proof)?.equals(root) ?? false).toBe(false)
    }),
  )
})

test('a tree is consistent with each of its beginnings, and with no other tree', () => {
  const all = someLeaves(300)
  fc.assert(
    fc.property(sizes, fc.nat(299), ({ size, index }, changed) => {
      const old = index + 1
      const read = nodesOf(all)
      const proof = consistencyProof(read, old, size)
      const current = { size, root: rootOf(read, size) }
      expect(isConsistent({ size: old, root: rootOf(read, old) }, current, proof)).toBe(true)
      const forged = nodesOf(all.map((leaf, i) => (i === changed ? leafHash('another') : leaf)))
      if (changed < old) expect(isConsistent({ size: old, root: rootOf(forged, old) }, current, proof)).toBe(false)
      if (changed < size)
        expect(isConsistent({ size: old, root: rootOf(read, old) }, { size, root: rootOf(forged, size) }, proof)).toBe(
          false,
        )
    }),
  )
})

test('a growing tree has the root of the whole at every size', () => {
  const tree = growingTree()
  const all = someLeaves(70)
  for (const leaf of all) {
    tree.add(leaf)
    expect(tree.root()).toEqual(rootOf(nodesOf(all), tree.size()))
  }
})

describe('tiles', () => {
  test('roots and proofs of a large tree are computed from the few tiles that they need', () => {
    const all = someLeaves(1_000)
    const size = 900
    const rows = [all, Array.from({ length: 3 }, (_, i) => hashOfFull(all.slice(i * tileWidth, (i + 1) * tileWidth)))]
    const compute = (read: ReadNode) => [
      rootOf(read, size),
      ...inclusionProof(read, 300, size),
      ...consistencyProof(read, 513, size),
    ]
    const tiles = tilesFor(size, compute)
    expect(tiles.map(pathOfTile).toSorted()).toEqual(['tile/0/001', 'tile/0/002', 'tile/0/003.p/132', 'tile/1/000.p/3'])
    const bytes = new Map(
      tiles.map((tile) => {
        const from = tile.index * tileWidth
        return [pathOfTile(tile), Buffer.concat((rows[tile.level] as Buffer[]).slice(from, from + tile.width))]
      }),
    )
    expect(compute(nodesInTiles(size, bytes))).toEqual(compute(nodesOf(all)))
  })

  test.each([
    ['tile/0/000', { level: 0, index: 0, width: 256 }],
    ['tile/1/x001/x234/067.p/8', { level: 1, index: 1_234_067, width: 8 }],
    ['tile/entries/005', { level: 'entries', index: 5, width: 256 }],
  ])('%s is the path of its tile', (path, tile) => {
    expect(tileOfPath(path)).toEqual(tile)
    expect(pathOfTile(tile as never)).toBe(path)
  })

  test.each([
    ...[
      'tile/0/0',
      'tile/0/x000/001',
      'tile/0/001.p/256',
      'tile/0/001.p/0',
      'tile/7/000',
      'tile/0/001/',
      'tile/00/001',
      '',
    ],
    ...['tile/0/001.p/08', 'tile/0/x001', 'tile/-1/001', 'tile/0/../001'],
  ])('%j is not the path of a tile', (path) => {
    expect(tileOfPath(path)).toBeNull()
  })
})
