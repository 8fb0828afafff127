import { reads, type Tx } from '#lib/adapters/db/client'

/** A started import takes events for so long. */
const longestImportMs = 86_400_000

type NewImport = { id: string; cluster: string; file: string; personId: string }

export async function addAuditImport(tx: Tx, data: NewImport): Promise<void> {
  await tx.activityImport.create({ data, select: { id: true } })
}

/** Is it an import of this cluster that takes events now? */
export async function isOpenImport(cluster: string, id: string): Promise<boolean> {
  const where = { id, cluster, at: { gt: new Date(Date.now() - longestImportMs) } }
  return (await reads().activityImport.findFirst({ where, select: { id: true } })) !== null
}
