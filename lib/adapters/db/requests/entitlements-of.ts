import { reads } from '#lib/adapters/db/client'

/** The name of the entitlement of each of these requests. */
export async function entitlementsOf(ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await reads().$queryRaw<{ id: string; name: string }[]>`
    SELECT id, entitlement_name AS name FROM requests WHERE id = ANY(${[...ids]}::text[])`
  return new Map(rows.map(({ id, name }) => [id, name]))
}
