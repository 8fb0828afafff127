// Connections that stay open until something changes: the browsers' event streams and downloads, and calls with `?wait=`.

type Kind = 'stream' | 'wait' | 'download'
/** Of each kind. The tabs of one browser share a stream (components/layout/change-stream.ts). */
const mostPerPerson = 20

// Next bundles routes apart from each other; connections are counted for the process.
const shared = globalThis as typeof globalThis & { posternHeld?: Map<() => void, string> }

const held = () => {
  shared.posternHeld ??= new Map()
  return shared.posternHeld
}

/**
 * Counts a connection until the returned function is called; null when this person has too many of this kind.
 * @param end ends it; called before the process stops, because the server would wait for it
 */
export function holdOpen(kind: Kind, personId: string, end: () => void): (() => void) | null {
  const connections = held()
  const key = `${kind} ${personId}`
  if ([...connections.values()].filter((one) => one === key).length >= mostPerPerson) return null
  connections.set(end, key)
  return () => connections.delete(end)
}

/** Ends every such connection of this process, before it stops. */
export function endHeldConnections(): void {
  for (const end of held().keys()) end()
}
