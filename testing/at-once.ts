import pg from 'pg'
import type { TestDatabase } from './database.ts'
import { until } from './until.ts'

/**
 * Makes calls that need the same row at the same moment: the row is locked until each of them waits for it. They get it
 * in the order of `calls`, after `meanwhile` is done.
 */
export async function atOnce(
  database: TestDatabase,
  table: 'requests' | 'grants' | 'sessions',
  id: string,
  calls: ReadonlyArray<() => Promise<unknown>>,
  meanwhile: () => Promise<void> = async () => {},
): Promise<PromiseSettledResult<unknown>[]> {
  // NB: a connection outside lib/adapters/db, or the calls would join its transaction.
  const holder = new pg.Client({ connectionString: database.appUrl })
  await holder.connect()
  try {
    await holder.query('BEGIN')
    await holder.query(`SELECT id FROM ${table} WHERE id = $1 FOR UPDATE`, [id])
    const outcomes: Array<Promise<PromiseSettledResult<unknown>[]>> = []
    for (const call of calls) {
      outcomes.push(Promise.allSettled([call()]))
      await until('the call waits for the row', async () => (await database.lockWaits()) === outcomes.length)
    }
    await meanwhile()
    await holder.query('COMMIT')
    return (await Promise.all(outcomes)).flat()
  } finally {
    await holder.end()
  }
}
