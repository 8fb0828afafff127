import { describe, expect, test } from 'vitest'
import { freeSlots, type SlotKind, slotKinds, slotsPerCluster } from './slots.ts'

const all = (cluster: string) => slotKinds.map((kind) => ({ cluster, kind, count: slotsPerCluster[kind] }))
const busy = (cluster: string, kind: SlotKind, count = slotsPerCluster[kind]) => Array(count).fill({ cluster, kind })

describe('slots', () => {
  test('a cluster in which nothing happens has every slot', () => {
    expect(freeSlots(['a', 'b', 'a'], [])).toEqual([...all('a'), ...all('b')])
  })
  test.each(slotKinds)('work of the kind %s takes slots of no other kind and of no other cluster', (kind) => {
    const others = all('a').filter((slots) => slots.kind !== kind)
    expect(freeSlots(['a', 'b'], busy('a', kind))).toEqual([...others, ...all('b')])
  })
  test('a slot is taken by one grant', () => {
    expect(freeSlots(['a'], busy('a', 'end', 1))[0]).toEqual({
      cluster: 'a',
      kind: 'end',
      count: slotsPerCluster.end - 1,
    })
  })
  test('first attempts to end access have slots of their own', () => {
    const others = slotKinds.filter((kind) => kind !== 'end').flatMap((kind) => busy('a', kind))
    expect(freeSlots(['a'], others)).toEqual([{ cluster: 'a', kind: 'end', count: slotsPerCluster.end }])
  })
  test('retries take at most a quarter of the slots', () => {
    const sum = (kinds: readonly SlotKind[]) => kinds.reduce((total, kind) => total + slotsPerCluster[kind], 0)
    expect(sum(slotKinds.filter((kind) => kind.startsWith('retry')))).toBeLessThanOrEqual(sum(slotKinds) / 4)
  })
})
