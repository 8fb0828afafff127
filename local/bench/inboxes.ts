import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { anyLocalPort, startIdentityProvider } from '#local/parts/identity-provider'
import { makeTemplate } from '#local/parts/parts'
import { startPostern } from '#local/parts/postern'
import { startPostgres } from '#local/parts/postgres'
import { bearerToken, sessionCookie } from '#local/parts/sign-in'
import { freePort } from '#local/processes/ports'
import type { Run } from '#local/processes/processes'
import { letDatabaseUserPass } from '#local/processes/system-user'

// What do a thousand open inboxes cost the database? Each is a stream of changes that refreshes its page when it is told of
// a change, as a browser does (components/layout/live-refresh.tsx). Fifty leads have twenty browsers each.

const leads = 50
const browsersEach = 20
const restSeconds = 30

export type Inboxes = {
  open: number
  /** Statements per second while nothing changes. */
  atRest: number
  /** Statements for one change, for each inbox that can see it. */
  perRefresh: number
  refreshes: number
  /** Pages that were refused because the server had too many at once. */
  refused: number
}

/** One inbox: listens, and reads its page again after each change. */
async function openInbox(
  url: string,
  cookie: string,
  on: { begin: () => void; end: (status: number) => void },
  signal: AbortSignal,
) {
  const response = await fetch(`${url}/events`, { headers: { cookie }, signal })
  if (response.status !== 200 || !response.body) throw new Error(`/events answered ${response.status}`)
  const follow = async () => {
    for await (const chunk of response.body ?? []) {
      if (!Buffer.from(chunk).includes('event: change')) continue
      on.begin()
      const page = await fetch(`${url}/inbox`, { headers: { cookie, rsc: '1' }, signal })
      await page.arrayBuffer()
      on.end(page.status)
    }
  }
  follow().catch(() => {})
}

/** @param configuration the text of postern.yaml for this address and provider */
export async function measureInboxes(
  run: Run,
  configuration: (at: { url: string; issuer: string; clientId: string; audience: string }) => string,
): Promise<Inboxes> {
  const directory = join(run.directory, 'inboxes')
  mkdirSync(directory, { recursive: true })
  letDatabaseUserPass(directory)
  const postgres = await startPostgres(run, {
    directory: join(directory, 'postgres'),
    durable: false,
    name: 'postgres-inboxes',
    settings: ['shared_preload_libraries=pg_stat_statements', 'pg_stat_statements.max=10000'],
  })
  await makeTemplate(postgres)
  const admin = new pg.Client({ connectionString: postgres.adminUrl })
  await admin.connect()
  await admin.query('CREATE EXTENSION pg_stat_statements')
  const provider = await startIdentityProvider({
    redirectUris: anyLocalPort('/api/auth/callback/oidc'),
    postLogoutRedirectUris: anyLocalPort('/signed-out'),
  })
  const ending = new AbortController()
  try {
    const names = Array.from({ length: leads }, (_, i) => `lead-${i}`)
    for (const key of names)
      provider.addPerson(key, { name: key, email: `${key}@example.com`, groups: ['payments-leads'] })
    const port = await freePort()
    const url = `http://localhost:${port}`
    const { issuer, clientId, clientSecret, audience } = provider
    const postern = join(directory, 'postern')
    mkdirSync(postern)
    await startPostern(run, {
      port,
      name: 'postern-inboxes',
      directory: postern,
      databaseUrl: postgres.appUrl,
      clientSecret,
      role: 'web',
      configuration: configuration({ url, issuer, clientId, audience }),
    })
    const source = { issuer, clientId, clientSecret, redirectUri: `${url}/api/auth/callback/oidc` }
    const authorization = `Bearer ${await bearerToken(source, 'mina')}`
    const submit = async () => {
      const response = await fetch(`${url}/api/v1/requests`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({
          ...{ entitlement: 'decided', cluster: 'prod-eu', namespaces: ['payments'] },
          ...{ reason: 'to see what open inboxes cost', duration: 'PT30M' },
        }),
      })
      if (response.status !== 201) throw new Error(`submission answered ${response.status}: ${await response.text()}`)
    }

    let refreshes = 0
    let refused = 0
    let reading = 0
    const on = {
      begin: () => {
        reading++
      },
      end: (status: number) => {
        reading--
        refreshes++
        if (status !== 200) refused++
      },
    }
    for (const name of names) {
      const cookie = await sessionCookie(url, name)
      for (let i = 0; i < browsersEach; i++) await openInbox(url, cookie, on, ending.signal)
    }
    // The first connection counts as a change for everyone; let those refreshes pass.
    await quiet(() => [refreshes, reading])

    const statements = async () => {
      const { rows } = await admin.query<{ calls: number }>(
        `SELECT sum(calls)::float8 AS calls FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = 'postern'`,
      )
      return rows[0]?.calls ?? 0
    }
    const before = await statements()
    await delay(restSeconds * 1000)
    const rested = await statements()
    refreshes = 0
    refused = 0
    await submit()
    await quiet(() => [refreshes, reading])
    const changed = await statements()
    return {
      open: leads * browsersEach,
      atRest: (rested - before) / restSeconds,
      perRefresh: (changed - rested) / Math.max(1, refreshes),
      refreshes,
      refused,
    }
  } finally {
    ending.abort()
    await admin.end()
    await provider.stop()
  }
}

/** Waits until for three seconds no page was being read and the count of read ones has not changed. */
async function quiet(now: () => [done: number, reading: number]) {
  for (let last = -1; ; ) {
    const [done, reading] = now()
    if (reading === 0 && done === last) return
    last = done
    await delay(3_000)
  }
}

export function inboxRows({ open, atRest, perRefresh, refreshes, refused }: Inboxes): string[] {
  return [
    `| ${open} open inboxes, nothing changes: statements per second | ${atRest.toFixed(1)} | ≤ 50 | ${atRest <= 50 ? 'yes' : 'no'} |`,
    `| … one new request that all of them can see: inboxes that refreshed, refused as too many at once, statements for each | ${refreshes}, ${refused}, ${perRefresh.toFixed(1)} | | |`,
  ]
}
