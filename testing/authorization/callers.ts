import { findPerson } from '#lib/adapters/db/people/find-person'
import type { Person } from '#lib/core/access/actor'
import { bearerToken } from '#local/parts/sign-in'
import type { ServedPostern } from '#testing/served'
import type { Caller, CallerName } from './words.ts'

/** The subject at the identity provider for each kind of caller. */
const subjects = {
  unrelated: 'jonas',
  colleague: 'mira',
  requester: 'mina',
  'second account': 'mina-admin',
  approver: 'priya',
  'other step': 'tomas',
  decided: 'sam',
  former: 'petra',
  'former, decided': 'pavel',
  auditor: 'ines',
  admin: 'ola',
} as const satisfies Partial<Record<CallerName, string>>

/** Approves the second step where a situation needs that. */
const lastApprover = 'ulla'

export type Cast = {
  callers: Caller[]
  /** The people behind some callers, as they were before any of them lost a group. */
  people: Record<'requester' | 'decided' | 'former, decided' | 'colleague', Person> & { last: Person }
}

/** Signs everyone in, in a browser and for the API, and then removes some people's groups or accounts. */
export async function signInCallers({ url, provider, tokenSource, database, signIn }: ServedPostern): Promise<Cast> {
  const extra = (key: string, name: string, groups: string[], email = `${key}@example.com`) =>
    provider.addPerson(key, { name, email, groups })
  extra('mira', 'Mira Sand', ['payments-dev'])
  extra('mina-admin', 'Mina Okafor (lead)', ['payments-leads'], 'Mina@Example.com')
  extra('petra', 'Petra Blom', ['payments-leads'])
  extra('pavel', 'Pavel Novak', ['payments-leads'])
  extra('dora', 'Dora Quist', ['payments-leads', 'security-audit', 'platform-admins'])
  extra(lastApprover, 'Ulla Berg', ['sre'])

  const callers: Caller[] = [{ name: 'signed out' }]
  const twoHoursAgo = Math.floor(Date.now() / 1000) - 7200
  const expired = await provider.sign('dora', { issuedAt: twoHoursAgo })
  callers.push({ name: 'disabled', cookie: await signIn('dora'), bearer: expired })
  callers.push({ name: 'wrong audience', bearer: await provider.sign('ola', { audience: 'another-api' }) })
  for (const [name, subject] of Object.entries(subjects))
    callers.push({
      name: name as CallerName,
      cookie: await signIn(subject),
      bearer: await bearerToken(tokenSource, subject),
    })
  await signIn(lastApprover)

  const person = async (subject: string): Promise<Person> => {
    const found = await findPerson(provider.issuer, subject)
    if (!found) throw new Error(`${subject} has not signed in`)
    return found.person
  }
  const people = {
    requester: await person('mina'),
    colleague: await person('mira'),
    decided: await person('sam'),
    'former, decided': await person('pavel'),
    last: await person(lastApprover),
  }
  provider.setGroups('petra', [])
  provider.setGroups('pavel', [])
  provider.removePerson('dora')
  // The sessions count as refreshed long ago, so that Postern learns of the changes with the next call, which is made here.
  await database.asOwner(`UPDATE sessions SET refreshed_at = now() - interval '10 minutes'`)
  for (const caller of callers) if (caller.cookie) caller.inBrowser = { name: caller.name, cookie: caller.cookie }
  for (const { cookie } of callers) if (cookie) await fetch(`${url}/`, { headers: { cookie }, redirect: 'manual' })
  return { callers, people }
}
