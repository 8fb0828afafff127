import { addAuditImport } from '#lib/adapters/db/activity/audit-imports'
import { recordEvent, refuse } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { AuditImport, AuditImportInput } from '#lib/core/access/activity-resource'
import { hasRole, type PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'

/**
 * Starts the import of a log file of a cluster's API server, as an admin. Its events are sent with the token of the cluster.
 * @throws AppError `not-found` for people who may not see it, `forbidden` for auditors; each attempt is recorded
 */
export async function startAuditImport(
  actor: PersonActor,
  cluster: string,
  { file }: AuditImportInput,
): Promise<AuditImport> {
  const isConfigured = currentPolicy().configuration.clusters.some(({ name }) => name === cluster)
  const refuseIt = (error: AppError): Promise<never> =>
    refuse(error, { type: 'activity.import-refused', actor, data: { code: error.code, sentence: error.message } })
  if (!seesEverything(actor) || !isConfigured) return refuseIt(notFound())
  if (!hasRole(actor, 'admin')) return refuseIt(new AppError('forbidden', 'Only an admin can import an audit log.'))
  return transaction(async (tx) => {
    const id = newId('import')
    await addAuditImport(tx, { id, cluster, file, personId: actor.person.id })
    await recordEvent(tx, { type: 'activity.import-started', actor, data: { importId: id, file }, about: { cluster } })
    return { id }
  })
}
