import { db, reads } from '#lib/adapters/db/client'
import type { TokenLife } from '#lib/core/grants/own-token-renewal'

type KnownTokenLife = { expiresAt: Date; renewedAt: Date | null; error: string | null }

/** Seconds between two attempts to renew a token, of all workers together. */
const attemptEvery = 60

/** What is stored of Postern's own token for a cluster; null before a worker has seen it. */
export const findClusterToken = (cluster: string) => db().clusterToken.findUnique({ where: { cluster } })

/** How long Postern's own tokens last, by cluster; without those that never expire, or are renewed elsewhere. */
export async function clusterTokenLives(): Promise<Map<string, KnownTokenLife>> {
  const rows = await reads().clusterToken.findMany({ omit: { sealed: true, issuedAt: true, attemptedAt: true } })
  return new Map(rows.map(({ cluster, ...life }) => [cluster, life]))
}

/** The configured token is used: what was stored in place of an earlier one no longer counts. */
export async function saveConfiguredToken(cluster: string, { issuedAt, expiresAt }: TokenLife): Promise<void> {
  const data = { sealed: null, issuedAt, expiresAt, renewedAt: null, error: null }
  await db().clusterToken.upsert({ where: { cluster }, create: { cluster, ...data }, update: data })
}

/** A renewed token is used. */
export async function saveRenewedToken(cluster: string, sealed: string, life: TokenLife): Promise<void> {
  const { issuedAt, expiresAt } = life
  const data = { sealed, issuedAt, expiresAt, renewedAt: new Date(), error: null }
  await db().clusterToken.upsert({ where: { cluster }, create: { cluster, ...data }, update: data })
}

/** May this worker renew the token now? Of several workers only one gets true. */
export async function claimRenewal(cluster: string): Promise<boolean> {
  const count = await db().$executeRaw`
    UPDATE cluster_tokens SET attempted_at = now() WHERE cluster = ${cluster}
      AND (attempted_at IS NULL OR attempted_at NOT BETWEEN now() - make_interval(secs => ${attemptEvery}) AND now())`
  return count > 0
}

export async function saveRenewalError(cluster: string, error: string): Promise<void> {
  await db().clusterToken.update({ where: { cluster }, data: { error }, select: { cluster: true } })
}
