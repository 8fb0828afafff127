// Hands the newest checkpoint to the anchors that do not have it yet.
import { openAnchor } from '#lib/adapters/channels/anchors'
import { anchored, recordAnchored } from '#lib/adapters/db/log/anchored'
import { newestCheckpoint } from '#lib/adapters/db/log/checkpoints'
import { logVerifiers } from '#lib/adapters/db/log/log-keys'
import { currentPolicy } from '#lib/adapters/policy/current'
import { log } from '#lib/observability/log'

/** Seconds between two checkpoints for one anchor, because some keep every one for ever. */
const atMostEvery = 60

/** An anchor that fails holds up only itself, and is tried again. */
export async function publishCheckpoint(seconds = atMostEvery): Promise<void> {
  const { log: settings, openAddresses = [], publicUrl } = currentPolicy().configuration
  if (settings.anchors.length === 0) return
  const newest = await newestCheckpoint(logVerifiers(publicUrl))
  if (!newest?.isGenuine) return
  const known = await anchored(settings.anchors.map(({ name }) => name))
  await Promise.all(
    settings.anchors.map(async (one) => {
      const { size = -1, keptAt = null } = known.find(({ name }) => name === one.name) ?? {}
      if (size >= newest.size || (keptAt && Date.now() - keptAt.getTime() < seconds * 1000)) return
      try {
        await openAnchor(one, openAddresses).keep(newest)
        await recordAnchored(one.name, newest.size)
      } catch (error) {
        log.warn({ anchor: one.name, err: error }, 'an anchor did not keep the checkpoint')
      }
    }),
  )
}
