// People around one request, for tests of who may do what with it.
import type { PersonActor, Role } from './actor.ts'

export const actor = (id: string, groups: string[] = [], roles: Role[] = []): PersonActor => ({
  kind: 'person',
  person: {
    ...{ id: `per_${id}`, issuer: 'i', subject: id, name: id, groups },
    ...{ email: null, emailVerified: false, knownEmails: [] },
  },
  roles,
  origin: { via: 'api', clientAddress: null, reference: 'r' },
})

export const mina = actor('mina', ['payments-dev'])
export const priya = actor('priya', ['payments-leads'])
export const auditor = actor('ines', [], ['auditor'])
export const admin = actor('ola', [], ['admin'])
export const stranger = actor('jonas', ['search-dev'])
export const request = { requesterId: 'per_mina', approverGroups: ['payments-leads'], deciderIds: ['per_former'] }
