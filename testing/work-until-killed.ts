import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { openClient } from '#local/parts/postgres'
import type { TestDatabase } from './database.ts'
import { until } from './until.ts'

/** Runs a worker, or only its notifier, in a process of its own, and kills that with SIGKILL once it is time. */
export async function workUntilKilled(
  what: 'worker' | 'notifier',
  isTime: () => Promise<boolean>,
  withinMs?: number,
): Promise<void> {
  const script = join(import.meta.dirname, `${what}-process.ts`)
  const child = spawn(process.execPath, ['--conditions=react-server', script], {
    stdio: 'ignore',
    env: { ...process.env, POSTERN_ROLE: 'worker' },
  })
  const exited = once(child, 'exit')
  try {
    await until('the worker has come this far', isTime, withinMs)
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}

/** A write that is held back: `AFTER INSERT ON audit_events`, of the rows that meet `when`. */
type HeldBack = { write: string; when: string }

/**
 * Kills a worker, or only its notifier, while such a write of its waits for a lock of this test, so that it is never committed.
 * @param isTime true once the write waits, if that is not the first lock that is waited for
 */
export async function killedWhileWriting(
  database: TestDatabase,
  what: 'worker' | 'notifier',
  { write, when }: HeldBack,
  isTime = async () => (await database.lockWaits()) > 0,
): Promise<void> {
  await database.asOwner(`
    CREATE FUNCTION hold_back() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END $$;
    CREATE TRIGGER hold_back ${write} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION hold_back()`)
  const holder = openClient(database.ownerUrl)
  await holder.connect()
  await holder.query('SELECT pg_advisory_lock(4711)')
  await workUntilKilled(what, isTime)
  // The server would otherwise still carry out the statement of a client that is gone.
  await database.asApp(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`)
  await until('its statements are gone', async () => (await database.lockWaits()) === 0)
  await holder.end()
  await database.asOwner('DROP FUNCTION hold_back CASCADE')
}
