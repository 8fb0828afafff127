import pg from 'pg'

/** The SQL statements that `fn` sends to PostgreSQL on any connection, in order. They are executed as usual. */
export async function statementsOf(fn: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = []
  const original = pg.Client.prototype.query
  const recording = function (this: pg.Client, ...args: unknown[]) {
    const [query] = args
    sent.push(typeof query === 'string' ? query : String((query as { text?: string }).text))
    return Reflect.apply(original, this, args)
  }
  pg.Client.prototype.query = recording as typeof original
  try {
    await fn()
  } finally {
    pg.Client.prototype.query = original
  }
  return sent
}
