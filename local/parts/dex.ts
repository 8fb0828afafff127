import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { freePort } from '#local/processes/ports'
import { ensureDex } from '#local/programs/programs'
import { localPeople } from './identity-people.ts'
import { openClient } from './postgres.ts'

/** One line of ../dex/main.go's standard input. */
type Command =
  | { do: 'set'; person: string; name: string; email: string; groups: string[] }
  | { do: 'remove' | 'revoke'; person: string }
  | { do: 'break' | 'mend' }

export type Dex = {
  issuer: string
  clientId: string
  clientSecret: string
  /** Changes the directory behind Dex; resolved when the change applies. */
  change(command: Command): Promise<void>
  setGroups(person: string, groups: string[]): Promise<void>
  stop(): Promise<void>
}

async function untilServed(issuer: string, child: ChildProcess, output: string[]) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Dex ended with code ${child.exitCode}:\n${output.join('\n')}`)
    const signal = AbortSignal.timeout(2000)
    const response = await fetch(`${issuer}/.well-known/openid-configuration`, { signal }).catch(() => undefined)
    if (response?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/**
 * Starts Dex on 127.0.0.1 with the people of the example company; undefined if it cannot be built here. Its issuer has a
 * path, it rotates refresh tokens and answers as a real one does: `invalid_request` to a revoked refresh token, and 500
 * where the directory refuses.
 * @param adminUrl a superuser of a PostgreSQL server, in which Dex gets a database of its own
 */
export async function startDex(options: { adminUrl: string; redirectUri: string }): Promise<Dex | undefined> {
  const program = await ensureDex((line) => process.stderr.write(`${line}\n`))
  if (!program) return undefined
  const port = await freePort()
  const clientSecret = randomBytes(24).toString('base64url')
  const database = `dex_${randomBytes(6).toString('hex')}`
  const onServer = async (sql: string) => {
    const client = openClient(options.adminUrl)
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  await onServer(`CREATE DATABASE ${database}`)
  const child = spawn(program, {
    env: {
      PORT: String(port),
      DATABASE_URL: Object.assign(new URL(options.adminUrl), { pathname: `/${database}` }).href,
      CLIENT_SECRET: clientSecret,
      REDIRECT_URI: options.redirectUri,
    } as unknown as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  const output: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    output.push(line)
    if (output.length > 20) output.shift()
  })
  const done = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  // One at a time, because the answers have no names.
  let last: Promise<unknown> = Promise.resolve()
  const people = new Map(localPeople)
  const dex: Dex = {
    issuer: `http://127.0.0.1:${port}/dex`,
    clientId: 'postern',
    clientSecret,
    change(command) {
      const next = last.then(async () => {
        child.stdin.write(`${JSON.stringify(command)}\n`)
        if ((await done.next()).done) throw new Error(`Dex did not accept ${command.do}:\n${output.join('\n')}`)
      })
      last = next.catch(() => {})
      return next
    },
    async setGroups(key, groups) {
      const person = people.get(key)
      if (!person) throw new Error(`the example company has no person ${key}`)
      await dex.change({ do: 'set', person: key, ...person, groups })
    },
    async stop() {
      child.kill('SIGKILL')
      await ended
      await onServer(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
    },
  }
  try {
    await untilServed(dex.issuer, child, output)
    for (const [key, { groups }] of people) await dex.setGroups(key, groups)
  } catch (error) {
    await dex.stop()
    throw error
  }
  return dex
}
