import pg from 'pg'

/** The SQL that `fn` sent to PostgreSQL, in order, on whatever connection. Everything goes on as it would. */
export async function statementsOf(fn: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = []
  const original = pg.Client.prototype.query
  const listening = function (this: pg.Client, ...args: unknown[]) {
    const [query] = args
    sent.push(typeof query === 'string' ? query : String((query as { text?: string }).text))
    return Reflect.apply(original, this, args)
  }
  pg.Client.prototype.query = listening as typeof original
  try {
    await fn()
  } finally {
    pg.Client.prototype.query = original
  }
  return sent
}
