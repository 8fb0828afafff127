// How many grants one worker processes at once in one cluster. Each kind of work has slots of its own, so that no kind
// keeps another one waiting: beginnings not the ends, and what fails again and again not what could succeed.

export type SlotKind =
  /** The first attempt to end access that someone revoked or released, or that is no longer permitted. */
  | 'end'
  /** Ending access that expired. A thousand grants that expire together keep no revocation waiting. */
  | 'expire'
  /** The first attempt to begin access. */
  | 'begin'
  /** The first attempt to compare active access with the cluster. */
  | 'inspect'
  | 'retry-end'
  | 'retry-begin'
  | 'retry-inspect'

/** In the order in which they start. */
export const slotsPerCluster: Readonly<Record<SlotKind, number>> = {
  end: 8,
  expire: 8,
  'retry-end': 4,
  begin: 12,
  inspect: 4,
  'retry-begin': 3,
  'retry-inspect': 2,
}
/** The slots in which access ends. */
export const isEndSlot = (kind: SlotKind) => kind === 'end' || kind === 'expire' || kind === 'retry-end'
export const slotKinds = Object.keys(slotsPerCluster) as SlotKind[]

export type Slots = { cluster: string; kind: SlotKind; count: number }

/** The slots of these clusters that nothing occupies. */
export function freeSlots(
  clusters: Iterable<string>,
  occupied: Iterable<{ cluster: string; kind: SlotKind }>,
): Slots[] {
  const used = new Map<string, number>()
  const keyOf = ({ cluster, kind }: Pick<Slots, 'cluster' | 'kind'>) => `${kind} ${cluster}`
  for (const one of occupied) used.set(keyOf(one), (used.get(keyOf(one)) ?? 0) + 1)
  return [...new Set(clusters)].flatMap((cluster) =>
    slotKinds.flatMap((kind) => {
      const count = slotsPerCluster[kind] - (used.get(keyOf({ cluster, kind })) ?? 0)
      return count > 0 ? [{ cluster, kind, count }] : []
    }),
  )
}
