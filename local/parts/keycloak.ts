import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { freePort } from '#local/processes/ports'
import { ensureKeycloak } from '#local/programs/keycloak'
import { localPeople } from './identity-people.ts'

export type Keycloak = {
  issuer: string
  clientId: string
  clientSecret: string
  setGroups(person: string, groups: string[]): Promise<void>
  disable(person: string): Promise<void>
  remove(person: string): Promise<void>
  /** How many sessions the client has, with those that outlive a sign-out (offline). */
  sessions(): Promise<{ online: number; offline: number }>
  /** Ends the person's sessions at Keycloak, as an administrator does. */
  signOut(person: string): Promise<void>
  removeOfflineRole(person: string): Promise<void>
  /** The tokens that another client of the realm gets for a person: for the API's audience, with groups of its own. */
  tokensOfCli(person: string): Promise<{ access_token: string; id_token: string }>
  /** Replaces the secret of Postern’s client. */
  setSecret(secret: string): Promise<void>
  /** Leaves the groups out of the ID token, so that only UserInfo has them. */
  setThinIdToken(isThin: boolean): Promise<void>
  /** Signs in as `person`, from Postern's authorization request to the redirect back. */
  signIn(authorizationUrl: string, person: string): Promise<string>
  stop(): Promise<void>
}

type Entry = { id: string; name: string; config: Record<string, string> }
const realm = 'company'
const groupsInIdToken = { 'id.token.claim': 'true', 'userinfo.token.claim': 'true' }
const clientSecret = randomBytes(24).toString('base64url')
const credentials = { username: 'admin', password: randomBytes(24).toString('base64url') }

/**
 * Starts Keycloak on 127.0.0.1, in development mode with a database in memory, and the people of the example company.
 * Undefined where Java is missing.
 */
export async function startKeycloak(options: {
  redirectUri: string
  signedOutUri: string
}): Promise<Keycloak | undefined> {
  const directory = ensureKeycloak((line) => process.stderr.write(`${line}\n`))
  if (!directory) return undefined
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const args = ['start-dev', '--db=dev-mem', '--http-host=127.0.0.1', `--http-port=${port}`]
  const child = spawn(`${directory}/bin/kc.sh`, args, {
    env: {
      ...process.env,
      KC_BOOTSTRAP_ADMIN_USERNAME: credentials.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: credentials.password,
      JAVA_OPTS_APPEND: '-Xmx700m',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // The script starts java as its child: both are ended as one process group.
    detached: true,
  })
  const ended = once(child, 'exit')
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => output.push(...String(chunk).split('\n').slice(-20)))
  }
  const stop = async () => {
    if (child.pid && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
    await ended
  }

  async function adminToken(): Promise<string> {
    const body = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', ...credentials })
    const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body,
      signal: AbortSignal.timeout(30_000),
    })
    return ((await response.json()) as { access_token: string }).access_token
  }
  async function admin<T>(method: string, path: string, body?: unknown): Promise<T> {
    const signal = AbortSignal.timeout(30_000)
    const headers = { authorization: `Bearer ${await adminToken()}`, 'content-type': 'application/json' }
    const response = await fetch(`${url}/admin/realms${path}`, { method, headers, body: JSON.stringify(body), signal })
    const text = await response.text()
    if (!response.ok) throw new Error(`Keycloak: ${method} ${path} responded ${response.status} ${text}`)
    return (text ? JSON.parse(text) : undefined) as T
  }
  const only = async (path: string): Promise<Entry> => {
    const [entry] = await admin<Entry[]>('GET', `/${realm}${path}`)
    if (!entry) throw new Error(`Keycloak has nothing at ${path}`)
    return entry
  }
  const idOf = async (person: string) => (await only(`/users?exact=true&username=${person}`)).id

  async function untilReady() {
    while (!(await fetch(`${url}/realms/master`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined))?.ok) {
      if (child.exitCode !== null) throw new Error(`Keycloak ended:\n${output.slice(-20).join('\n')}`)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }

  async function createCompany() {
    await admin('POST', '', { realm, enabled: true })
    await admin('POST', `/${realm}/clients`, {
      ...{ clientId: 'postern', secret: clientSecret, publicClient: false, standardFlowEnabled: true },
      redirectUris: [options.redirectUri],
      attributes: { 'pkce.code.challenge.method': 'S256', 'post.logout.redirect.uris': options.signedOutUri },
      protocolMappers: [
        {
          ...{ name: 'groups', protocol: 'openid-connect', protocolMapper: 'oidc-group-membership-mapper' },
          config: { ...{ 'claim.name': 'groups', 'full.path': 'false' }, ...groupsInIdToken },
        },
      ],
    })
    await admin('POST', `/${realm}/clients`, {
      ...{ clientId: 'cli', publicClient: true, directAccessGrantsEnabled: true, standardFlowEnabled: false },
      protocolMappers: [
        {
          ...{ name: 'audience', protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper' },
          config: { 'included.custom.audience': 'postern-api', 'access.token.claim': 'true' },
        },
        {
          ...{ name: 'groups', protocol: 'openid-connect', protocolMapper: 'oidc-hardcoded-claim-mapper' },
          config: {
            ...{ 'claim.name': 'groups', 'claim.value': '["platform-admins","sre"]', 'jsonType.label': 'JSON' },
            ...{ 'access.token.claim': 'true', 'id.token.claim': 'true' },
          },
        },
      ],
    })
    const groups = new Set([...localPeople.values()].flatMap((person) => person.groups))
    for (const name of groups) await admin('POST', `/${realm}/groups`, { name })
    for (const [username, { name, email, groups }] of localPeople) {
      const [firstName, lastName] = name.split(' ')
      await admin('POST', `/${realm}/users`, {
        ...{ username, email, firstName, lastName, enabled: true, emailVerified: true },
        groups: groups.map((group) => `/${group}`),
        credentials: [{ type: 'password', value: username, temporary: false }],
      })
    }
  }

  try {
    await untilReady()
    await createCompany()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    issuer: `${url}/realms/${realm}`,
    clientId: 'postern',
    clientSecret,
    async setGroups(person, groups) {
      const user = `/${realm}/users/${await idOf(person)}/groups`
      for (const { id } of await admin<Entry[]>('GET', user)) await admin('DELETE', `${user}/${id}`)
      for (const group of groups) await admin('PUT', `${user}/${(await only(`/groups?exact=true&search=${group}`)).id}`)
    },
    disable: async (person) => admin('PUT', `/${realm}/users/${await idOf(person)}`, { enabled: false }),
    remove: async (person) => admin('DELETE', `/${realm}/users/${await idOf(person)}`),
    async sessions() {
      const client = `/${realm}/clients/${(await only('/clients?clientId=postern')).id}`
      const { count: online } = await admin<{ count: number }>('GET', `${client}/session-count`)
      const { count: offline } = await admin<{ count: number }>('GET', `${client}/offline-session-count`)
      return { online, offline }
    },
    signOut: async (person) => admin('POST', `/${realm}/users/${await idOf(person)}/logout`),
    async removeOfflineRole(person) {
      const roles = `/${realm}/users/${await idOf(person)}/role-mappings/realm`
      // It comes with the composite role default-roles-company.
      await admin('DELETE', roles, await admin<Entry[]>('GET', roles))
    },
    async tokensOfCli(person) {
      const body = new URLSearchParams({
        ...{ grant_type: 'password', client_id: 'cli', scope: 'openid', username: person, password: person },
      })
      const response = await fetch(`${url}/realms/${realm}/protocol/openid-connect/token`, { method: 'POST', body })
      return (await response.json()) as { access_token: string; id_token: string }
    },
    async setSecret(secret) {
      const client = await only('/clients?clientId=postern')
      await admin('PUT', `/${realm}/clients/${client.id}`, { ...client, secret })
    },
    async setThinIdToken(isThin) {
      const mappers = `/${realm}/clients/${(await only('/clients?clientId=postern')).id}/protocol-mappers/models`
      const mapper = (await admin<Entry[]>('GET', mappers)).find(({ name }) => name === 'groups')
      const config = { ...mapper?.config, 'id.token.claim': String(!isThin) }
      await admin('PUT', `${mappers}/${mapper?.id}`, { ...mapper, config })
    },
    async signIn(authorizationUrl, person) {
      const cookies = new Map<string, string>()
      const browse = async (address: string, body?: URLSearchParams) => {
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
        const init = body ? { method: 'POST', body } : {}
        const response = await fetch(address, { ...init, headers: { cookie }, redirect: 'manual' })
        for (const line of response.headers.getSetCookie()) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
          cookies.set(name, value)
        }
        return response
      }
      const page = await browse(authorizationUrl)
      const direct = page.headers.get('location')
      if (direct) return direct
      const action = /<form[^>]+action="([^"]+)"/.exec(await page.text())?.[1]?.replaceAll('&amp;', '&')
      if (!action) throw new Error('Keycloak showed no sign-in form')
      const answer = await browse(action, new URLSearchParams({ username: person, password: person }))
      return answer.headers.get('location') ?? ''
    },
    stop,
  }
}
