// Tiles of the tree (C2SP tlog-tiles): 256 hashes each, of the leaves at level 0, of full tiles of the level below above it.
import { nodeHash, type ReadNode } from './tree.ts'

export const tileWidth = 256
const tileHeight = 8
export const hashBytes = 32

/** `width` is below 256 at the right edge of the tree. `entries` has the leaves themselves. */
export type Tile = { level: number | 'entries'; index: number; width: number }
export type HashTile = Tile & { level: number }

const spanOf = (level: number | 'entries') => (level === 'entries' ? 1 : tileWidth ** level)

/** How many hashes a tile has in a tree of this size; 0 if it does not exist yet. */
export const widthAt = (size: number, { level, index }: Pick<Tile, 'level' | 'index'>): number =>
  Math.max(0, Math.min(tileWidth, Math.floor(size / spanOf(level)) - index * tileWidth))

/** The path below the address of the log, such as `tile/0/x001/067.p/8`. */
export function pathOfTile({ level, index, width }: Tile): string {
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? []
  const number = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/')
  return `tile/${level}/${number}${width < tileWidth ? `.p/${width}` : ''}`
}

/** The tile of a path; null unless it is exactly what `pathOfTile` writes. */
export function tileOfPath(path: string): Tile | null {
  const [, level = '', number = '', width] =
    /^tile\/(entries|[0-6])\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path) ?? []
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    index: Number(number.replaceAll(/[x/]/g, '')),
    width: width === undefined ? tileWidth : Number(width),
  }
  return number !== '' && pathOfTile(tile) === path ? tile : null
}

/** The hash over a power of two of hashes. */
export function hashOfFull(hashes: readonly Buffer[]): Buffer {
  let level = [...hashes]
  while (level.length > 1)
    level = Array.from({ length: level.length / 2 }, (_, i) =>
      nodeHash(level[2 * i] as Buffer, level[2 * i + 1] as Buffer),
    )
  return level[0] as Buffer
}

function placeOf(level: number, index: number) {
  const count = 2 ** (level % tileHeight)
  const first = index * count
  return { level: Math.floor(level / tileHeight), index: Math.floor(first / tileWidth), at: first % tileWidth, count }
}

/** Remembers each node, because the nodes of many leaves are the same ones. */
function once(read: ReadNode): ReadNode {
  const known = new Map<string, Buffer>()
  return (level, index) => {
    const key = `${level} ${index}`
    const hash = known.get(key) ?? read(level, index)
    known.set(key, hash)
    return hash
  }
}

/** Reads nodes from the bytes of tiles, as `pathOfTile` names them for a tree of this size. */
export function nodesInTiles(size: number, tiles: ReadonlyMap<string, Buffer>): ReadNode {
  return once((level, index) => {
    const place = placeOf(level, index)
    const path = pathOfTile({ ...place, width: widthAt(size, place) })
    const bytes = tiles.get(path)
    const end = (place.at + place.count) * hashBytes
    if (!bytes || bytes.length < end) throw new Error(`${path} is missing or too short`)
    return hashOfFull(
      Array.from({ length: place.count }, (_, i) =>
        bytes.subarray((place.at + i) * hashBytes, (place.at + i + 1) * hashBytes),
      ),
    )
  })
}

/** The tiles that a computation in a tree of this size reads. */
export function tilesFor(size: number, compute: (read: ReadNode) => unknown): HashTile[] {
  const found = new Map<string, HashTile>()
  const nothing = Buffer.alloc(hashBytes)
  compute((level, index) => {
    const { level: tileLevel, index: tileIndex } = placeOf(level, index)
    const tile = { level: tileLevel, index: tileIndex, width: widthAt(size, { level: tileLevel, index: tileIndex }) }
    found.set(pathOfTile(tile), tile)
    return nothing
  })
  return [...found.values()]
}
