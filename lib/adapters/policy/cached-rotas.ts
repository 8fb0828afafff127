import type { CachedRota } from '#lib/core/access/rota-source'

// What this process knows of the rotas outside of Postern. A process reads it from the database every few seconds
// (lib/operations/load-rotas.ts), so that no page and no decision waits for it.

// Next.js puts this module into several bundles of one process; they share it.
const shared = globalThis as typeof globalThis & { posternRotas?: ReadonlyMap<string, CachedRota> }
const none: ReadonlyMap<string, CachedRota> = new Map()

/** By the name of the rota. The map never changes: a newer state is another map. */
export const knownRotas = (): ReadonlyMap<string, CachedRota> => shared.posternRotas ?? none

export function setKnownRotas(rotas: ReadonlyMap<string, CachedRota>): void {
  shared.posternRotas = rotas
}
