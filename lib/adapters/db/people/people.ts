import type { Tx } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { signatureOf, signingKeys } from '#lib/adapters/db/signing'
import type { Person } from '#lib/core/access/actor'
import type { Id } from '#lib/core/access/ids'
import { type GroupsProblem, learnAnswer, learnGroups, type NamedGroups } from '#lib/core/access/learn-groups'
import type { PersonResource } from '#lib/core/access/person-resource'
import { hasVerifiedEmail, verifiedEmails } from '#lib/core/access/same-person'
import { personStatement } from '#lib/core/signing/statements'
import { verifyPerson } from '#lib/core/signing/verify-records'
import type { Person as PersonRow } from '../generated/client.ts'

/** A person as the identity provider describes them. The caller has verified it. */
export type Identity = Omit<Person, 'id' | 'knownEmails'>

/** `previousGroups` is null for a new person. */
export type KnownPerson = { person: Person; previousGroups: string[] | null }

type StoredPerson = Omit<Person, 'id' | 'groupsProblem'> & { id: string; groupsProblem?: string | null }

export const toPerson = (row: StoredPerson): Person => ({
  id: row.id as Id<'person'>,
  issuer: row.issuer,
  subject: row.subject,
  name: row.name,
  email: row.email,
  emailVerified: row.emailVerified,
  knownEmails: row.knownEmails,
  everVerified: row.everVerified ?? false,
  username: row.username ?? null,
  manager: row.manager ?? null,
  groups: row.groups,
  groupsProblem: (row.groupsProblem ?? null) as GroupsProblem | null,
})

export const toPersonResource = (row: Pick<PersonRow, 'id' | 'name' | 'email'>): PersonResource => ({
  id: row.id,
  name: row.name,
  email: row.email,
})

const sorted = (groups: readonly string[]) => [...new Set(groups)].sort()

/** The signed record of a person whose groups were true at that time. */
function signed(id: string, identity: Identity, { groups, at }: NamedGroups, wasVerified: boolean) {
  const { issuer, subject, name, email } = identity
  const emailVerified = hasVerifiedEmail(identity)
  const verification = { emailVerified, everVerified: wasVerified || emailVerified }
  const manager = identity.manager ?? null
  const row = { id, issuer, subject, name, email, ...verification, groups: sorted(groups), groupsAt: at, manager }
  return {
    ...row,
    username: identity.username ?? null,
    groupsProblem: identity.groupsProblem ?? null,
    knownEmails: verifiedEmails(identity),
    signature: signatureOf('person', personStatement(row)),
  }
}

/**
 * What a description that was true at `at` changes in the record; null if nothing. An older description than the
 * recorded one changes nothing about the person, except that its verified address is known from now on. A record
 * without a valid signature counts as unknown.
 */
function changesOf(row: PersonRow, identity: Identity, at: Date, learn: typeof learnGroups) {
  const isValid = verifyPerson(signingKeys(), row) === null
  const known = isValid ? { groups: row.groups, at: row.groupsAt } : null
  const learned = learn(known, { groups: identity.groups, at })
  const isNewer = !isValid || at > row.groupsAt
  const emails = verifiedEmails(identity).filter((email) => !row.knownEmails.includes(email))
  if (!isNewer && learned.groups.length === row.groups.length && emails.length === 0) return null
  const wasVerified = (isValid && row.everVerified) || hasVerifiedEmail(identity)
  const next = signed(row.id, isNewer ? identity : toPerson(row), learned, wasVerified)
  const { id, issuer, subject, ...changes } = next
  return { ...changes, knownEmails: [...row.knownEmails, ...emails] }
}

/**
 * Creates or updates a person, identified by issuer and subject, from what was true at `at`, and signs the record. It is
 * one statement if nothing changes. Descriptions that arrive at the same time are recorded one after the other.
 * @param source an answer that Postern itself just got, or a token that anyone may keep for long
 */
export async function upsertPerson(
  tx: Tx,
  identity: Identity,
  at: Date,
  source: 'answer' | 'token' = 'answer',
): Promise<KnownPerson> {
  const { issuer, subject } = identity
  const learn = source === 'answer' ? learnAnswer : learnGroups
  while (true) {
    const row = await tx.person.findUnique({ where: { issuer_subject: { issuer, subject } } })
    if (!row) {
      const data = signed(newId('person'), identity, { groups: identity.groups, at }, false)
      const [created] = await tx.person.createManyAndReturn({ data, skipDuplicates: true })
      if (created) return { person: toPerson(created), previousGroups: null }
      continue
    }
    const data = changesOf(row, identity, at, learn)
    if (!data) return { person: toPerson(row), previousGroups: row.groups }
    // The signature covers the groups and their time: if it has changed, someone else was faster.
    const where = { id: row.id, signature: row.signature }
    const [updated] = await tx.person.updateManyAndReturn({ where, data })
    if (updated) return { person: toPerson(updated), previousGroups: row.groups }
  }
}
