// Hands the newest checkpoint to the anchors that do not have it yet.
import { openAnchor } from '#lib/adapters/channels/anchors'
import { cosign } from '#lib/adapters/channels/witness'
import { anchored, recordAnchored } from '#lib/adapters/db/log/anchored'
import { newestCheckpoint } from '#lib/adapters/db/log/checkpoints'
import { saveCosignature } from '#lib/adapters/db/log/cosignatures'
import { logVerifiers } from '#lib/adapters/db/log/log-keys'
import { inTree } from '#lib/adapters/db/log/read-log'
import { currentPolicy } from '#lib/adapters/policy/current'
import { consistencyProof } from '#lib/core/log/tree'
import { log } from '#lib/observability/log'

/** Seconds between two checkpoints for one anchor, because some keep every one for ever. */
const atMostEvery = 60

/** An anchor that fails holds up only itself, and is tried again. A witness gets every checkpoint that is the newest one now. */
export async function publishCheckpoint(seconds = atMostEvery): Promise<void> {
  const { log: settings, openAddresses = [], publicUrl } = currentPolicy().configuration
  if (settings.anchors.length === 0) return
  const newest = await newestCheckpoint(logVerifiers(publicUrl))
  if (!newest?.isGenuine) return
  const proofFrom = (old: number) => inTree(newest.size, (read) => consistencyProof(read, old, newest.size))
  const known = await anchored(settings.anchors.map(({ name }) => name))
  await Promise.all(
    settings.anchors.map(async ({ witness, ...one }) => {
      const { size = -1, keptAt = null } = known.find(({ name }) => name === one.name) ?? {}
      const pause = witness ? 0 : seconds * 1000
      if (size >= newest.size || (keptAt && Date.now() - keptAt.getTime() < pause)) return
      try {
        if (witness) {
          const line = await cosign(witness, newest, { old: Math.max(size, 0), proofFrom }, openAddresses)
          await saveCosignature(newest.size, line)
        } else await openAnchor(one, openAddresses).keep(newest)
        await recordAnchored(one.name, newest.size)
      } catch (error) {
        log.warn({ anchor: one.name, err: error }, 'an anchor did not keep the checkpoint')
      }
    }),
  )
}
