import { cachedRotas } from '#lib/adapters/db/rotas/rota-states'
import { knownRotas, setKnownRotas } from '#lib/adapters/policy/cached-rotas'
import { currentPolicy, onPolicyChange } from '#lib/adapters/policy/current'
import { type RotaSource, sourceOf } from '#lib/core/access/rota-source'
import { log } from '#lib/observability/log'

/** Milliseconds. A worker reads each rota once a minute. */
const loadEvery = 5_000

/** Loads what workers last read of the rotas outside of Postern into this process. */
export async function loadRotas(): Promise<void> {
  const sources = new Map<string, RotaSource>()
  for (const rota of currentPolicy().configuration.rotas) {
    const source = sourceOf(rota)
    if (source) sources.set(rota.name, source)
  }
  if (sources.size > 0 || knownRotas().size > 0) setKnownRotas(await cachedRotas(sources))
}

/** Keeps them loaded. While the database is unavailable, the last state stays, and grows too old. */
export function followRotas(): void {
  const load = () => void loadRotas().catch((err: unknown) => log.warn({ err }, 'the rotas cannot be loaded'))
  setInterval(load, loadEvery).unref()
  onPolicyChange(load)
  load()
}
